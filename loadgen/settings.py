"""What a load run was asked for: locust's parsed options (its web UI changes them), checked once."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from loadgen.arrivals import ARRIVALS
from loadgen.client.answer import normalised
from loadgen.client.connection import Timeouts
from loadgen.client.dialects import DIALECTS, Dialect, UnknownField, dialect, field_names
from loadgen.client.http import Origin
from loadgen.options import NUMBERS, REGION_VARIABLE, TEXTS
from loadgen.question_files import Question, QuestionError, read_questions
from loadgen.questions import library_questions
from loadgen.usage import UsageError, check_number
from reach.failure import ReachError
from reach.key import KEY_VARIABLE, key_of, request_headers
from reach.options import DIRECT, Reach, reach_of
from records.given import redaction
from records.kept import (
    NO_FRAGMENT,
    field_value,
    is_secret,
    is_utf8,
    secret_in_field,
    secret_in_query,
    shown,
)
from records.redaction import PIECE, Redaction

GIVE_KEY = f"give a key as {KEY_VARIABLE}"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a load run was asked for. ``headers`` may hold secrets: they are never written anywhere, and
    ``redaction`` blanks them in what a service says."""

    think_time_s: float
    arrival: str
    """One of `loadgen.arrivals.ARRIVALS`."""
    rate: float
    """Requests a second of an open loop, over all workers."""
    max_inflight: int
    dialect: Dialect
    drop_fields: tuple[str, ...]
    """Fields that are left out of the body."""
    headers: dict[str, str] = field(repr=False)
    reach: Reach
    redaction: Redaction
    questions_file: str
    question_seed: int
    results: str
    request_timeout_s: float
    connect_timeout_s: float
    first_token_timeout_s: float
    gap_timeout_s: float
    warmup_requests: int
    requests: int
    min_seconds: float
    drain_seconds: float
    run_name: str
    cell_name: str
    region: str

    @property
    def open_loop(self) -> bool:
        """Requests are due at times of their own, whether answers come or not."""
        return self.arrival != "closed"

    @property
    def timeouts(self) -> Timeouts:
        return Timeouts(
            total=self.request_timeout_s,
            connect=self.connect_timeout_s,
            first_token=self.first_token_timeout_s,
            gap=self.gap_timeout_s,
        )

    def questions(self) -> list[Question]:
        return read_questions(Path(self.questions_file)) if self.questions_file else library_questions()


def settings(options: Any, environment: Mapping[str, str] = os.environ) -> Settings:
    """The options as locust parsed them (or its web UI changed them), checked.

    Raises:
        UsageError: a number out of bounds; a header, field, path or dialect that cannot be used; what
            would be kept and may not be: bytes that are no UTF-8, a secret.
    """
    for name, bounds in NUMBERS.items():
        check_number(name, getattr(options, _attribute(name)), bounds)
    for name in TEXTS:
        _check_utf8(name, getattr(options, _attribute(name)))
    # A worker's own environment wins over what the master was told: regions differ.
    region = environment.get(REGION_VARIABLE) or options.region
    _check_utf8(REGION_VARIABLE, region)
    if options.dialect not in DIALECTS:
        raise UsageError(f"--dialect is one of {', '.join(DIALECTS)}, not {options.dialect!r}")
    _check_path(options.path)
    reach = reach_of(options, environment)
    try:
        key = key_of(environment)
        headers = request_headers(options.header, key, reach.key_header)
    except ReachError as error:
        raise UsageError(str(error)) from error
    _check_kept(options, headers, key)
    if options.arrival not in ARRIVALS:
        raise UsageError(f"--arrival is one of {', '.join(ARRIVALS)}, not {options.arrival!r}")
    if options.arrival != "closed" and not options.rate:
        raise UsageError(f"--arrival {options.arrival} wants a --rate: requests a second")
    if options.arrival == "closed" and options.rate:
        raise UsageError("--rate wants --arrival constant or poisson: a closed loop asks when it is answered")
    if options.arrival != "closed" and options.think_time:
        raise UsageError("--think-time is of closed loops: in an open one nobody waits for an answer")
    return Settings(
        think_time_s=float(options.think_time),
        arrival=options.arrival,
        rate=float(options.rate),
        max_inflight=int(options.max_inflight),
        dialect=_dialect(options, dict(map(_field, options.field))),
        drop_fields=tuple(options.drop_field),
        headers=headers,
        reach=reach,
        redaction=redaction(headers, environment, keys=[key], also=normalised),
        questions_file=options.questions,
        question_seed=int(options.question_seed),
        results=options.results,
        request_timeout_s=float(options.request_timeout),
        connect_timeout_s=float(options.connect_timeout),
        first_token_timeout_s=float(options.first_token_timeout),
        gap_timeout_s=float(options.gap_timeout),
        warmup_requests=int(options.warmup_requests),
        requests=int(options.requests),
        min_seconds=float(options.min_seconds),
        drain_seconds=float(options.drain_seconds),
        run_name=options.run_name,
        cell_name=options.cell_name,
        region=region,
    )


def check_files(wanted: Settings) -> None:
    """Fail before the load starts, not after. Raises UsageError."""
    try:
        wanted.questions()
        wanted.reach.tls.check()
    except QuestionError as error:
        raise UsageError(f"--questions {error}") from error
    except ReachError as error:
        raise UsageError(str(error)) from error
    if wanted.results:
        make_results(Path(wanted.results))


def make_results(path: Path) -> None:
    """Make the folder, or see that it is empty: nothing is ever overwritten. Raises UsageError."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise UsageError(f"--results {path} is not empty; give a new folder")
        if not os.access(path, os.W_OK | os.X_OK):
            raise UsageError(f"--results {path} cannot be written to")
    except OSError as error:
        raise UsageError(f"--results {path}: {error.strerror or error}") from error


def origin_of(host: str | None, reach: Reach = DIRECT) -> Origin:
    """Raises UsageError for no host, one that is no base URL, or a file or a proxy that cannot be used."""
    if not host:
        raise UsageError("which service? Give its base URL: -H http://127.0.0.1:8001")
    try:
        origin = Origin(host, reach)
        _ = origin.context  # its files are read now, not in the midst of the load
    except ReachError as error:
        raise UsageError(str(error)) from error
    except ValueError as error:
        raise UsageError(f"-H: {error}") from error
    return origin


def _check_kept(options: Any, headers: Mapping[str, str], key: str) -> None:
    """See that no secret that is sent in a header is written where it would be kept. Raises UsageError."""
    secrets = {key, *(value.partition(" ")[2] or value for name, value in headers.items() if is_secret(name))}
    kept = {"--field": options.field, **{name: [getattr(options, _attribute(name))] for name in TEXTS}}
    for option, texts in kept.items():
        if any(len(secret) >= PIECE and secret in text for secret in secrets for text in texts):
            raise UsageError(f"{option} holds what a header has as a secret, and it is kept; {GIVE_KEY}")


def _dialect(options: Any, fields: dict[str, Any]) -> Dialect:
    def of(drop: Sequence[str]) -> Dialect:
        return dialect(
            options.dialect,
            path=options.path,
            llm_model=options.llm_model,
            embedding_model=options.embedding_model,
            max_tokens=int(options.max_tokens),
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
    _check_asked(whole, wanted, fields)
    return wanted


def _check_asked(whole: Dialect, wanted: Dialect, fields: Mapping[str, Any]) -> None:
    """See that what is asked for is a stream, of an answer to the question. Raises UsageError."""
    question = next(iter(wanted.question("")))
    if question in fields:
        raise UsageError(f"--field {question}: that field holds the question; --questions FILE says which")
    if "stream" in whole.template and wanted.template.get("stream") is not True:
        option = "--field" if "stream" in wanted.template else "--drop-field"
        raise UsageError(f"{option} stream: the answer would come in one piece, and only streams are timed")


def _field(text: str) -> tuple[str, Any]:
    _check_utf8("--field", text)
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


def _check_utf8(what: str, text: str) -> None:
    if not is_utf8(text):
        raise UsageError(f"{what} is to be UTF-8")


def _attribute(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")
