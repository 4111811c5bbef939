"""One monotonic clock a process, anchored once to Unix time, so that no clock step enters a figure."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Clock:
    """Turns monotonic nanoseconds into Unix nanoseconds, by one offset taken when it was made."""

    offset_ns: int = field(default_factory=lambda: time.time_ns() - time.monotonic_ns())

    def unix(self, monotonic_ns: int) -> int:
        return monotonic_ns + self.offset_ns

    def unix_or_none(self, monotonic_ns: int | None) -> int | None:
        return None if monotonic_ns is None else monotonic_ns + self.offset_ns
