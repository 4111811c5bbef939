"""The scenario's own options: declared for locust's parser, checked once into `Settings`."""

from __future__ import annotations

import contextlib
import os
import re
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from loadgen.arrivals import ARRIVALS
from loadgen.client.connection import Timeouts
from loadgen.client.dialects import DIALECTS, Dialect, dialect
from loadgen.client.http import Origin
from loadgen.questions import Question, QuestionError, library_questions, read_questions
from records.exit_codes import USAGE
from records.kept import is_utf8, secret_in_query, secret_within, shown

REGION_VARIABLE = "REGION"
KEY_VARIABLE = "TARGET_API_KEY"
GIVE_KEY = f"give a key as {KEY_VARIABLE}"


MOST_SECONDS = 1e9
"""30 years; sockets and timers take no more than some hundred."""
MOST_COUNT = 1e15
"""What is counted fits in a record, and in a float."""
MOST_AT_ONCE = 1e6

Bounds = tuple[type[int] | type[float], float, float]
"""Kind, least and most."""
NUMBERS: dict[str, Bounds] = {
    "--think-time": (float, 0, MOST_SECONDS),
    "--rate": (float, 0, MOST_AT_ONCE),
    "--max-inflight": (int, 1, MOST_AT_ONCE),
    "--max-tokens": (int, 0, MOST_COUNT),
    "--question-seed": (int, 0, MOST_COUNT),
    "--request-timeout": (float, 0.001, MOST_SECONDS),
    "--connect-timeout": (float, 0, MOST_SECONDS),
    "--first-token-timeout": (float, 0, MOST_SECONDS),
    "--gap-timeout": (float, 0, MOST_SECONDS),
    "--warmup-requests": (int, 0, MOST_COUNT),
    "--requests": (int, 0, MOST_COUNT),
    "--min-seconds": (float, 0, MOST_SECONDS),
    "--drain-seconds": (float, 0, MOST_SECONDS),
}
"""For the command line, and for the web UI's form, which knows nothing of it."""
TEXTS = (
    *("--path", "--llm-model", "--embedding-model", "--questions"),
    *("--results", "--run-name", "--cell-name", "--region"),
)


class UsageError(ValueError):
    """A user's mistake, in one clear line."""


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What a load run was asked for. ``headers`` may hold secrets: they are never written anywhere."""

    think_time_s: float
    arrival: str
    """One of `loadgen.arrivals.ARRIVALS`."""
    rate: float
    """Requests a second of an open loop, over all workers."""
    max_inflight: int
    dialect: Dialect
    headers: dict[str, str]
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


def number(
    name: str, kind: type[int] | type[float], least: float, most: float = MOST_SECONDS
) -> Callable[[str], float]:
    """A type for argparse that refuses in one line, where argparse would print the whole usage first."""

    def parse(text: str) -> float:
        try:
            value = kind(text)
        except ValueError:
            value = kind(-1)
        try:
            check_number(name, value, (kind, least, most), text=text)
        except UsageError as error:
            refuse(str(error))
        return value

    return parse


def check_number(name: str, value: float, bounds: Bounds, *, text: str | None = None) -> None:
    """``text``: the value as it was written. Raises UsageError for one out of bounds, or not a number."""
    kind, least, most = bounds
    if least <= value <= most:
        return
    bound = f"most {most:g}" if value > most else f"least {least:g}"
    what = "a whole number" if kind is int else "a number"
    raise UsageError(f"{name} wants {what} of at {bound}, not {text or str(value)!r}")


def choice(name: str, choices: tuple[str, ...]) -> Callable[[str], str]:
    def parse(text: str) -> str:
        if text not in choices:
            refuse(f"{name} is one of {', '.join(choices)}, not {text!r}")
        return text

    return parse


def refuse(message: str) -> Any:
    """Say one line and leave with the exit code of a usage error."""
    print(f"error: {message}", file=sys.stderr)
    raise SystemExit(USAGE)


def add_arguments(parser: Any) -> None:
    """Declare the options on locust's parser (directly: group arguments never reach the web UI)."""

    def numeric(name: str, default: float, text: str) -> None:
        bounds = NUMBERS[name]
        parser.add_argument(name, type=number(name, *bounds), default=bounds[0](default), help=text)

    parser.set_defaults(web_host="127.0.0.1")  # locust's own default is every interface, without a password
    numeric("--think-time", 0, "Seconds a user waits between its requests")
    parser.add_argument(
        "--arrival",
        type=choice("--arrival", ARRIVALS),
        choices=ARRIVALS,
        default="closed",
        help="closed: each user asks when its answer has come; constant, poisson: --rate requests a second "
        "are due whether answers come or not, whatever the number of users",
    )
    numeric("--rate", 0, "Requests a second of an open loop, over all workers")
    numeric("--max-inflight", 1000, "Open loop: past so many at a time, what is due is dropped")
    parser.add_argument(
        "--dialect",
        type=choice("--dialect", DIALECTS),
        choices=DIALECTS,
        default="ask",
        help="How the service speaks: the RAG API's own stream, or OpenAI chat completions",
    )
    parser.add_argument("--path", default="", help="Path of the endpoint, if not the dialect's own")
    hidden = {"action": "append", "metavar": "NAME=VALUE", "include_in_web_ui": False}
    parser.add_argument(
        "--header",
        default=[],
        **hidden,
        help=f"A header of each request; repeatable. A key is better given as {KEY_VARIABLE}",
    )
    parser.add_argument("--llm-model", default="", help="Model to ask for")
    parser.add_argument("--embedding-model", default="", help="Embedding model to ask for (dialect ask)")
    numeric("--max-tokens", 0, "Limit of an answer's length, for services that take one; 0: not sent")
    parser.add_argument(
        "--field", default=[], **hidden, help="A field of the request's body (JSON, else text); repeatable"
    )
    parser.add_argument("--questions", default="", help="File of questions: lines, or JSONL")
    numeric("--question-seed", 0, "Seed of the order of the questions")
    parser.add_argument("--no-rag", action="store_true", help="Ask without retrieval (dialect ask)")
    parser.add_argument(
        "--results",
        default="",
        metavar="DIR",
        help="Write each request as a record, and a verdict, into this new or empty folder",
    )
    numeric("--request-timeout", 60, "Seconds a whole request may take")
    numeric("--connect-timeout", 10, "Seconds until a connection is made; 0: --request-timeout")
    numeric("--first-token-timeout", 0, "Seconds until the first token; 0: no limit of its own")
    numeric("--gap-timeout", 0, "Seconds between two tokens; 0: no limit of its own")
    numeric("--warmup-requests", 5, "Requests before measuring begins (at least one a user)")
    numeric("--requests", 0, "Stop once so many measured requests have ended; 0: no limit")
    numeric("--min-seconds", 3, "Measure for at least so long before --requests stops the run")
    numeric("--drain-seconds", 10, "How long requests in flight at the end may take to finish")
    parser.add_argument("--run-name", default="", help="Name of the run, in the records")
    parser.add_argument("--cell-name", default="", help="Name of the cell, in the records")
    parser.add_argument(
        "--region", default="", env_var=REGION_VARIABLE, help="Where this load worker stands, in the records"
    )


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
    headers = dict(_pair("--header", text) for text in options.header)
    key = environment.get(KEY_VARIABLE, "")
    if key:
        headers = {"Authorization": f"Bearer {key}"} | headers
    for name, value in headers.items():
        # Only the name is shown: the value may be a secret.
        if not name.isascii() or not name.replace("-", "").replace("_", "").isalnum():
            raise UsageError(f"--header wants NAME=VALUE; {shown(name)} is not a header's name")
        if not value.isprintable() or not value.isascii():
            raise UsageError(f"the value of header {name} holds characters that no header may have")
    if options.arrival not in ARRIVALS:
        raise UsageError(f"--arrival is one of {', '.join(ARRIVALS)}, not {options.arrival!r}")
    if options.arrival != "closed" and not options.rate:
        raise UsageError(f"--arrival {options.arrival} wants a --rate: requests a second")
    if options.arrival == "closed" and options.rate:
        raise UsageError("--rate wants --arrival constant or poisson: a closed loop asks when it is answered")
    if options.arrival != "closed" and options.think_time:
        raise UsageError("--think-time is of closed loops: in an open one nobody waits for an answer")
    fields = dict(map(_field, options.field))
    return Settings(
        think_time_s=float(options.think_time),
        arrival=options.arrival,
        rate=float(options.rate),
        max_inflight=int(options.max_inflight),
        dialect=dialect(
            options.dialect,
            path=options.path,
            llm_model=options.llm_model,
            embedding_model=options.embedding_model,
            max_tokens=int(options.max_tokens),
            rag=not options.no_rag,
            fields=fields,
        ),
        headers=headers,
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
    except QuestionError as error:
        raise UsageError(f"--questions {error}") from error
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


def origin(host: str | None) -> Origin:
    """Raises UsageError for no host, or one that is no base URL."""
    if not host:
        raise UsageError("which service? Give its base URL: -H http://127.0.0.1:8001")
    try:
        return Origin(host)
    except ValueError as error:
        raise UsageError(f"-H: {error}") from error


def _pair(option: str, text: str) -> tuple[str, str]:
    name, separator, value = text.partition("=")
    if not separator or not name.strip():
        shown = name if separator else "a value without ="
        raise UsageError(f"{option} wants NAME=VALUE, not {shown!r}")
    return name.strip(), value.strip()


def _field(text: str) -> tuple[str, Any]:
    _check_utf8("--field", text)
    name, value = _pair("--field", text)
    decoded: Any = value
    with contextlib.suppress(orjson.JSONDecodeError):
        decoded = orjson.loads(value)
    secret = secret_within(name, decoded)
    if secret is not None:
        raise UsageError(f"--field: {shown(secret)} looks like a secret, and fields are kept; {GIVE_KEY}")
    return name, decoded


def _check_path(path: str) -> None:
    secret = secret_in_query(path)
    if secret:
        raise UsageError(f"--path: {shown(secret)} looks like a secret, and the path is kept; {GIVE_KEY}")
    if path and not path.startswith("/"):
        raise UsageError(f"--path begins with a slash, unlike {path!r}")
    if re.search("[^!-~]", path):
        raise UsageError(f"--path is ASCII without blanks (write them as %20), unlike {path!r}")


def _check_utf8(what: str, text: str) -> None:
    if not is_utf8(text):
        raise UsageError(f"{what} is to be UTF-8")


def _attribute(option: str) -> str:
    return option.removeprefix("--").replace("-", "_")
