"""One request as one line of JSON: what happened, in integer nanoseconds, before any statistics."""

from __future__ import annotations

import builtins
import sys
from array import array
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import msgspec
import orjson

from records.errors import RecordError

Outcome = Literal[
    "ok", "http_error", "timeout", "truncated", "stream_error", "connect_error", "aborted", "dropped"
]
TokenSource = Literal["usage", "events"]
StageTimings = dict[str, dict[str, float]]

OUTCOMES: frozenset[str] = frozenset(get_args(Outcome))
NO_ANSWER = frozenset({"aborted", "dropped"})
"""The outcomes of requests that nobody answered, well or badly: taken away at the end, or never sent."""
COMPRESSED, WITH_ERROR = "compressed answer", "with an error and no events"
"""How an answer's error begins that came compressed; what follows the status of one that holds an error."""
UNASKED, NOT_HTTP = "after the end of the answer before it", "not HTTP"
"""How those begin of what is no answer: left over from another, over the same connection, or of none."""


@dataclass(kw_only=True, slots=True)  # not frozen: making one would take a load worker three times as long
class RequestRecord:
    """A request from the moment it was due to the moment its answer ended. Nobody changes one.

    Every ``*_at_ns`` is Unix time in integer nanoseconds, read from one monotonic clock per process
    that was anchored to the wall clock once; ``None`` where the thing did not happen. ``worker``,
    ``user`` and ``seq`` together occur once in a cell. ``due_at_ns`` is ``None`` in a closed loop.
    """

    run: str
    cell: str
    worker: str
    region: str
    user: int
    seq: int
    sent_at_ns: int
    ended_at_ns: int
    outcome: Outcome
    due_at_ns: int | None = None
    headers_at_ns: int | None = None
    first_event_at_ns: int | None = None
    first_generated_at_ns: int | None = None
    """The first token of any kind: what a model thinks comes before its answer; null in older records."""
    first_token_at_ns: int | None = None
    """The first token of the answer; thoughts are none."""
    last_token_at_ns: int | None = None
    body_ended_at_ns: int | None = None
    """When its user could ask again: the answer's body had ended and was read; null in older records."""
    gaps_us: Sequence[int] = field(default_factory=list)
    """Gaps between token arrivals, microseconds; those over a stall of the load generator are left out."""
    events: int = 0
    tokens: int = 0
    """Of the answer, without thoughts."""
    finish_reason: str | None = None
    """Why the model stopped, as its service says."""
    token_source: TokenSource = "events"
    bytes: int = 0
    error: str | None = None
    question: str = ""
    trace_id: str | None = None
    """Of its W3C trace, under which a service may have its own; null in older records."""
    documents: int | None = None
    """Documents found; ``None`` when the answer never said."""
    stages: StageTimings | None = None
    """The server's own ``{stage: {queued_ms, running_ms}}``, when it gives them."""
    config: str | None = None
    """The configuration the server named in this very answer."""
    flags: list[str] = field(default_factory=list)
    values: dict[str, float] = field(default_factory=dict)
    """What the kind of request adds, by name: bytes a second, texts in a batch."""
    labels: dict[str, str] = field(default_factory=dict)
    """What it is grouped by, by name: provider, model, pod."""

    @property
    def start_ns(self) -> int:
        """When the answer was wanted: due in an open loop, sent in a closed one."""
        return self.sent_at_ns if self.due_at_ns is None else self.due_at_ns

    @property
    def counts(self) -> bool:
        """It ended, well or badly: nobody took it away before its end, and it was sent."""
        return self.outcome not in NO_ANSWER

    @property
    def only_thought(self) -> bool:
        """It is a good answer, with thoughts and without a token of its own."""
        return (
            self.outcome == "ok" and self.first_token_at_ns is None and self.first_generated_at_ns is not None
        )

    @property
    def thought_first(self) -> bool:
        """Something was generated before the answer's first token, or instead of an answer."""
        generated, first = self.first_generated_at_ns, self.first_token_at_ns
        return generated is not None and (first is None or generated < first)

    @property
    def ttft_ms(self) -> float | None:
        """Time to the first answer token, milliseconds."""
        return self._since_start(self.first_token_at_ns)

    @property
    def headers_ms(self) -> float | None:
        """Time to the answer's headers, milliseconds; the others likewise."""
        return self._since_start(self.headers_at_ns)

    @property
    def first_event_ms(self) -> float | None:
        return self._since_start(self.first_event_at_ns)

    @property
    def first_generated_ms(self) -> float | None:
        return self._since_start(self.first_generated_at_ns)

    def _since_start(self, at_ns: int | None) -> float | None:
        return None if at_ns is None else (at_ns - self.start_ns) / 1e6

    @property
    def service_ttft_ms(self) -> float | None:
        """Time from sending to the first answer token, ms: what the service and the network took of it."""
        if self.first_token_at_ns is None:
            return None
        return (self.first_token_at_ns - self.sent_at_ns) / 1e6

    def stage_ms(self, stage: str) -> float:
        """Queued and running time of one of the server's stages (of ``llm``, until its first token)."""
        timings = (self.stages or {}).get(stage, {})
        return timings.get("queued_ms", 0.0) + timings.get("running_ms", 0.0)

    @property
    def stages_ms(self) -> float:
        """The server's own account of the time to its first token: all stages, queued and running."""
        total = 0.0
        for stage in self.stages or ():
            total += self.stage_ms(stage)
        return total

    @property
    def e2e_ms(self) -> float:
        """Time to the terminal event (or to the failure), milliseconds."""
        return (self.ended_at_ns - self.start_ns) / 1e6

    @property
    def tpot_ms(self) -> float | None:
        """(last token - first token) / (tokens - 1); absent for answers of fewer than two tokens."""
        if self.first_token_at_ns is None or self.last_token_at_ns is None or self.tokens < 2:
            return None
        return (self.last_token_at_ns - self.first_token_at_ns) / 1e6 / (self.tokens - 1)

    def encode(self) -> builtins.bytes:
        """The record as one line of JSON, newline included."""
        # Not asdict(): it copies every gap, 86 us against 1, which would be a fifth of a request's cost.
        return orjson.dumps(self, option=orjson.OPT_APPEND_NEWLINE)


_FIELDS = {f.name for f in fields(RequestRecord)}
_REQUIRED = ("run", "cell", "worker", "region", "user", "seq", "sent_at_ns", "ended_at_ns", "outcome")


def _integer(value: Any) -> bool:
    return type(value) is int


def _integer_or_none(value: Any) -> bool:
    return value is None or type(value) is int


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _text_or_none(value: Any) -> bool:
    return value is None or isinstance(value, str)


def _integers(value: Any) -> bool:
    return isinstance(value, list) and set(map(type, value)) <= {int}


def _texts(value: Any) -> bool:
    return isinstance(value, list) and set(map(type, value)) <= {str}


def _numbers(value: Any) -> bool:
    return isinstance(value, dict) and set(map(type, value.values())) <= {int, float}


def _text_by_name(value: Any) -> bool:
    return isinstance(value, dict) and set(map(type, value.values())) <= {str}


def _timings(value: Any) -> bool:
    if value is None:
        return True
    return isinstance(value, dict) and all(
        isinstance(times, dict) and set(map(type, times.values())) <= {int, float} for times in value.values()
    )


_Shape = tuple[Callable[[Any], bool], str]
_SHAPES: dict[str, _Shape] = {
    **dict.fromkeys(
        ("user", "seq", "sent_at_ns", "ended_at_ns", "events", "tokens", "bytes"), (_integer, "an integer")
    ),
    **dict.fromkeys(
        (
            "due_at_ns",
            "headers_at_ns",
            "first_event_at_ns",
            "first_generated_at_ns",
            "first_token_at_ns",
            "last_token_at_ns",
            "body_ended_at_ns",
            "documents",
        ),
        (_integer_or_none, "an integer or null"),
    ),
    **dict.fromkeys(("run", "cell", "worker", "region", "question", "token_source"), (_text, "a text")),
    "gaps_us": (_integers, "a list of integers"),
    "flags": (_texts, "a list of texts"),
    "values": (_numbers, "{name: number}"),
    "labels": (_text_by_name, "{name: text}"),
    **dict.fromkeys(("finish_reason", "trace_id", "error", "config"), (_text_or_none, "a text or null")),
    "stages": (_timings, "null or {stage: {name: number}}"),
}
"""The types of what a reader of records computes with."""


_DECODER = msgspec.json.Decoder(RequestRecord)
_NONE: tuple[list[str], dict[str, float], dict[str, str]] = ([], {}, {})
"""One for all records that are read and have none: nobody changes one."""


def decode(line: bytes | str) -> RequestRecord:
    """A record from its line. Fields of a later minor version are ignored. Older ones say ``cut`` for what is
    aborted, with the flag ``dropped`` for what was never sent.

    Raises:
        RecordError: not JSON, not an object, a required field missing, an unknown outcome, or a wrong type.
    """
    try:
        return _DECODER.decode(line)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return _decode_older(line)  # or it is none: that one says what is wrong


def slim(record: RequestRecord) -> RequestRecord:
    """The same record, its gaps at 4 bytes each instead of 36, and what it names shared with other records:
    for who holds many of them."""
    record.run, record.cell = sys.intern(record.run), sys.intern(record.cell)
    record.worker, record.region = sys.intern(record.worker), sys.intern(record.region)
    record.question = sys.intern(record.question)
    record.flags, record.values, record.labels = (
        record.flags or _NONE[0],
        record.values or _NONE[1],
        record.labels or _NONE[2],
    )
    with suppress(OverflowError):  # over half an hour
        record.gaps_us = array("i", record.gaps_us)
    return record


def _decode_older(line: bytes | str) -> RequestRecord:
    """Field by field, which takes five times as long. Raises RecordError, as `decode`."""
    try:
        raw: Any = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise RecordError(f"not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise RecordError("not a JSON object")
    missing = [name for name in _REQUIRED if raw.get(name) is None]
    if missing:
        raise RecordError(f"missing {', '.join(missing)}")
    if raw["outcome"] == "cut":
        raw["outcome"] = "aborted"
        if _texts(raw.get("flags")) and "dropped" in raw["flags"]:
            raw["outcome"] = "dropped"
            raw["flags"].remove("dropped")
    if not _text(raw["outcome"]) or raw["outcome"] not in OUTCOMES:
        raise RecordError(f"unknown outcome {raw['outcome']!r}")
    for name, (fits, words) in _SHAPES.items():
        if name in raw and not fits(raw[name]):
            raise RecordError(f"{name} is not {words}")
    return RequestRecord(**{name: value for name, value in raw.items() if name in _FIELDS})
