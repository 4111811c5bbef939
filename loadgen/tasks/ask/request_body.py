"""From a scenario's options to the dialect with its body, checked."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from loadgen.engine.settings import GIVE_KEY
from loadgen.tasks.ask.dialects import Dialect, UnknownField, dialect, field_names
from loadgen.tasks.ask.options import AskOptions
from records.errors import UsageError
from records.secrets.secret_names import (
    NO_FRAGMENT,
    field_value,
    is_utf8,
    secret_in_field,
    secret_in_query,
    shown,
)


def dialect_of(options: AskOptions) -> Dialect:
    """Raises UsageError for a path or a field that cannot be used, or that may not be kept: a secret."""
    _check_path(options.path)
    fields = dict(map(_field, options.field))

    def of(drop: Sequence[str]) -> Dialect:
        return dialect(
            options.dialect,
            path=options.path,
            llm_model=options.llm_model,
            embedding_model=options.embedding_model,
            max_tokens=options.max_tokens,
            rag=not options.no_rag,
            fields=fields,
            drop=drop,
        )

    whole = of(())
    try:
        wanted = of(options.drop_field)
    except UnknownField as error:
        there = ", ".join(field_names(whole.template))
        raise UsageError(
            f"--drop-field: {shown(str(error.args[0]))} is no field of the body; there are {there}"
        ) from None
    _check_requested(whole, wanted, fields)
    return wanted


def _check_requested(whole: Dialect, wanted: Dialect, fields: Mapping[str, Any]) -> None:
    """See that what is asked for is a stream, of an answer to the question. Raises UsageError."""
    question = next(iter(wanted.question("")))
    if question in fields:
        raise UsageError(f"--field {question}: that field holds the question; --questions FILE says which")
    if "stream" in whole.template and wanted.template.get("stream") is not True:
        option = "--field" if "stream" in wanted.template else "--drop-field"
        raise UsageError(f"{option} stream: the answer would come in one piece, and only streams are timed")


def _field(text: str) -> tuple[str, Any]:
    if not is_utf8(text):
        raise UsageError("--field is to be UTF-8")
    name, separator, value = (part.strip() for part in text.partition("="))
    if not separator or not name:
        raise UsageError(f"--field wants NAME=VALUE, not {shown(name) if separator else 'a value without ='}")
    secret = secret_in_field(text)
    if secret is not None:
        raise UsageError(f"--field: {shown(secret)} looks like a secret, and fields are kept; {GIVE_KEY}")
    return name, field_value(value)


def _check_path(path: str) -> None:
    secret = secret_in_query(path)
    if secret:
        raise UsageError(f"--path: {shown(secret)} looks like a secret, and the path is kept; {GIVE_KEY}")
    if "#" in path:  # it is not shown: a token may stand behind it
        raise UsageError(NO_FRAGMENT)
    if path and not path.startswith("/"):
        raise UsageError(f"--path begins with a slash, unlike {path!r}")
    if re.search("[^!-~]", path):
        raise UsageError(f"--path is ASCII without blanks (write them as %20), unlike {path!r}")
