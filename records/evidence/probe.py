"""One probe, as the probing process writes it: it starts with each cell, and imports next to nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

ACCEPT = "accept"
"""The kind of those that only connect; any other kind is the path that was asked."""
MOST_PATHS = 2
IDLE_TAKEN = "idle probes taken"
"""What the probing process says once the load may begin."""
Outcome = Literal["ok", "status", "refused", "timeout", "reset", "error", "unfinished"]
WITHOUT_TIME: tuple[Outcome, ...] = ("refused", "reset", "error")
"""They ended early and say nothing of how long an answer takes. The rest of the failures waited so long at
least."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Probe:
    """One probe, on a connection of its own; times are Unix nanoseconds of one monotonic clock."""

    kind: str
    """`ACCEPT`, or the path."""
    due_at_ns: int
    sent_at_ns: int
    """When it began. It is due only once the one before has ended, so what lies between is our own delay."""
    ended_at_ns: int
    """When it had what it was for: the connection, or the answer's first byte; else when it failed."""
    connect_ms: float | None
    """From when it began until TCP connected."""
    first_byte_ms: float | None
    """From when it began until the answer's first byte, TLS and connecting within it; None of `ACCEPT`."""
    outcome: Outcome
    """``ok`` is a connection, or any answer below 500 but 429; ``status`` any other answer. ``timeout`` came
    after 5 seconds; ``unfinished`` was still waiting when the probes were stopped."""
    status: int | None = None
    missed: int = 0
    """How many of its kind were due while this one kept them waiting: they were never sent."""
    skipped: int = 0
    """How many before it were not sent because the probing process itself stood still: they say nothing."""
    interval_ms: float
    """How far apart they were due."""
    idle: bool = False
    """Taken before the load began, on purpose."""

    @property
    def failed(self) -> bool:
        return self.outcome != "ok"

    @property
    def late_ms(self) -> float:
        """How late the probing process itself was, which is not the service's doing."""
        return (self.sent_at_ns - self.due_at_ns) / 1e6
