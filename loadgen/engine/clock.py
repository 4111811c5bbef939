"""One monotonic clock a process, anchored once to Unix time, so that no clock step enters a figure."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


def _offset_ns() -> int:
    """Unix less monotonic nanoseconds, of several readings the one that was least interrupted."""
    readings = []
    for _ in range(9):
        before = time.monotonic_ns()
        unix = time.time_ns()
        after = time.monotonic_ns()
        readings.append((after - before, unix - (before + after) // 2))
    return min(readings)[1]


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Turns monotonic nanoseconds into Unix nanoseconds, by one offset taken when it was made."""

    offset_ns: int = field(default_factory=_offset_ns)

    def unix(self, monotonic_ns: int) -> int:
        return monotonic_ns + self.offset_ns

    def unix_or_none(self, monotonic_ns: int | None) -> int | None:
        return None if monotonic_ns is None else monotonic_ns + self.offset_ns
