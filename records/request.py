"""One request as one line of JSON: what happened, in integer nanoseconds, before any statistics."""

from __future__ import annotations

import builtins
from dataclasses import dataclass, field, fields
from typing import Any, Literal, get_args

import orjson

Outcome = Literal["ok", "http_error", "timeout", "truncated", "stream_error", "connect_error", "cut"]
TokenSource = Literal["usage", "events"]
StageTimings = dict[str, dict[str, float]]

OUTCOMES: frozenset[str] = frozenset(get_args(Outcome))


class RecordError(ValueError):
    """A line or file that is not a record of a schema this version reads."""


@dataclass(frozen=True, kw_only=True)
class RequestRecord:
    """A request from the moment it was due to the moment its answer ended.

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
    first_token_at_ns: int | None = None
    last_token_at_ns: int | None = None
    gaps_us: list[int] = field(default_factory=list)
    """Gaps between token arrivals, microseconds."""
    events: int = 0
    tokens: int = 0
    token_source: TokenSource = "events"
    bytes: int = 0
    error: str | None = None
    question: str = ""
    documents: int | None = None
    """Documents found; ``None`` when the answer never said."""
    stages: StageTimings | None = None
    """The server's own ``{stage: {queued_ms, running_ms}}``, when it gives them."""
    config: str | None = None
    """The configuration the server named in this very answer."""
    flags: list[str] = field(default_factory=list)

    @property
    def start_ns(self) -> int:
        """When the answer was wanted: due in an open loop, sent in a closed one."""
        return self.sent_at_ns if self.due_at_ns is None else self.due_at_ns

    @property
    def ttft_ms(self) -> float | None:
        """Time to the first answer token, milliseconds."""
        if self.first_token_at_ns is None:
            return None
        return (self.first_token_at_ns - self.start_ns) / 1e6

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


def decode(line: bytes | str) -> RequestRecord:
    """A record from its line. Fields of a later minor version are ignored.

    Raises:
        RecordError: not JSON, not an object, a required field missing, or an unknown outcome.
    """
    try:
        raw: Any = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        raise RecordError(f"not JSON: {error}") from error
    if not isinstance(raw, dict):
        raise RecordError("not a JSON object")
    missing = [name for name in _REQUIRED if raw.get(name) is None]
    if missing:
        raise RecordError(f"missing {', '.join(missing)}")
    if raw["outcome"] not in OUTCOMES:
        raise RecordError(f"unknown outcome {raw['outcome']!r}")
    for name in ("user", "seq", "sent_at_ns", "ended_at_ns"):
        if not isinstance(raw[name], int):
            raise RecordError(f"{name} is not an integer")
    return RequestRecord(**{name: value for name, value in raw.items() if name in _FIELDS})
