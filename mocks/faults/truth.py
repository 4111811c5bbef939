"""What a fault's server truly did with one request. Unix nanoseconds of one monotonic clock."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Literal

from mocks.faults.dialects import Event

Outcome = Literal["ok", "http_error", "stream_error", "truncated", "cancelled"]


@dataclass(kw_only=True)
class Truth:
    """One line of the record. A stamp is taken just before the kernel is given the bytes that complete the
    event, so that no client can have had it earlier.

    After a restart `first_token_at_ns`, `tokens` and `token_events_at_ns` are those of the last answer.
    """

    fault: str
    request: int
    """Its place among the server's requests, from 1."""
    connection: int
    """The number of the connection it came on, from 1."""
    received_at_ns: int
    headers_at_ns: int | None = None
    first_event_at_ns: int | None = None
    first_token_at_ns: int | None = None
    last_token_at_ns: int | None = None
    ended_at_ns: int | None = None
    """The terminal event (or the error in its place)."""
    closed_at_ns: int | None = None
    """The response's last byte, or the end of its connection."""
    status: int | None = None
    outcome: Outcome | None = None
    events: int = 0
    tokens: int = 0
    restarts: int = 0
    token_events_at_ns: list[int] = field(default_factory=list)

    def sent(self, events: Sequence[Event], at_ns: int) -> None:
        for event in events:
            if event.counted:
                self.events += 1
                self.first_event_at_ns = self.first_event_at_ns or at_ns
            if event.restart:
                self._restart()
            if event.tokens:
                self.tokens += event.tokens
                self.first_token_at_ns = self.first_token_at_ns or at_ns
                self.last_token_at_ns = at_ns
                self.token_events_at_ns.append(at_ns)
            if event.error:
                self.outcome = "stream_error"
            if event.terminal or event.error:
                self.ended_at_ns = self.ended_at_ns or at_ns

    def _restart(self) -> None:
        self.restarts += 1
        self.tokens = 0
        self.first_token_at_ns = self.last_token_at_ns = None
        self.token_events_at_ns = []

    def close(self, at_ns: int, *, left: bool) -> dict[str, object]:
        """The record. ``left``: the client went away, or the server was stopped, before the answer's end."""
        self.closed_at_ns = at_ns
        if self.outcome is None:
            if self.status is not None and self.status != 200:
                self.outcome = "http_error"
            elif self.ended_at_ns is not None:
                self.outcome = "ok"
            else:
                self.outcome = "cancelled" if left else "truncated"
        return asdict(self)
