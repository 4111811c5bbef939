"""From a scenario's options to the dialect with its body, checked."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from loadgen.engine.settings import GIVE_KEY
from loadgen.tasks.ask.dialects import Dialect, UnknownField, dialect, field_names
from loadgen.tasks.ask.options import AskOptions
from loadgen.tasks.ask.placeholder import (
    LITERAL,
    MOST_NESTED,
    PLACEHOLDER,
    holds_literal,
    lacks_quotes,
    nested_too_deeply,
)
from records.errors import UsageError
from records.options.which import which
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
    fields = dict(_field(text, which(n, options.field)) for n, text in enumerate(options.field, start=1))

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
        there = ", ".join(field_names(whole.whole))
        raise UsageError(
            f"--drop-field: {shown(str(error.args[0]))} is no field of the body; there are {there}"
        ) from None
    _check_requested(whole, wanted)
    if options.questions and not wanted.asks:
        raise UsageError(f"--questions: {_nowhere(wanted)}")
    return wanted


def warning(wanted: Dialect) -> str:
    """Of a body in which no question has a place, which may be meant; empty of any other."""
    if wanted.asks:
        return ""
    return f"all requests are the same, and a cache may answer them: {_nowhere(wanted)}"


def _nowhere(wanted: Dialect) -> str:
    """That the body has no place for a question, and how to give it one."""
    literal = f" ({LITERAL} sends that word itself)" if holds_literal(wanted.whole) else ""
    return (
        f"the question is in no field of the body; write {PLACEHOLDER} where it belongs, "
        f"as in --field 'message={PLACEHOLDER}'{literal}"
    )


def _check_requested(whole: Dialect, wanted: Dialect) -> None:
    """See that what is asked for is a stream. Raises UsageError."""
    if "stream" in whole.template and wanted.template.get("stream") is not True:
        option = "--field" if "stream" in wanted.template else "--drop-field"
        raise UsageError(f"{option} stream: the answer would come in one piece, and only streams are timed")


def _field(text: str, of_them: str) -> tuple[str, Any]:
    """``of_them``: which it is, where there are several."""
    if not is_utf8(text):
        raise UsageError(f"--field is to be UTF-8{of_them}")
    name, separator, value = (part.strip() for part in text.partition("="))
    if not separator or not name:
        what = shown(name) if separator else "a value without ="
        raise UsageError(f"--field wants NAME=VALUE, not {what}{of_them}")
    secret = secret_in_field(text)
    if secret is not None:
        raise UsageError(f"--field: {shown(secret)} looks like a secret, and fields are kept; {GIVE_KEY}")
    found = field_value(value)
    if lacks_quotes(value, found):
        raise UsageError(f'--field {shown(name)}: in JSON, {PLACEHOLDER} stands in quotes: "{PLACEHOLDER}"')
    if nested_too_deeply(found):
        raise UsageError(f"--field {shown(name)}: its JSON is nested more than {MOST_NESTED} deep")
    return name, found


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
