"""The levels of a load with a shape, noted while it runs. No locust."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from loadgen.engine.clock import Clock
from records.cells.levels import LoadStage

SLICES = 10
"""Of a ramp."""


@dataclass(kw_only=True)
class LevelLog:
    """In the process that decides. The last level is open until the next begins, or the load stops."""

    now_ns: Callable[[], int] = field(default_factory=lambda: _unix_ns(Clock()))
    levels: list[LoadStage] = field(default_factory=list)
    """Each with the time in which it was held; see `measured` for what of it counts."""
    settles: bool = False
    """They are steps, whose beginnings are not measured."""
    _open: bool = False
    _stopped: bool = False
    """A shape goes on ticking while its load drains: nothing of that is noted."""

    def step(self, level: float) -> None:
        """The load is at ``level`` now; a new one begins if it was at another."""
        if not self._open or self.levels[-1].level_to != level:
            self.begin(level)
            self.settles = True

    def begin(self, level: float, status: str | None = None) -> None:
        if self._stopped:
            return
        self.end()
        now_ns = self.now_ns()
        self.levels.append(
            LoadStage(level_from=level, level_to=level, start_ns=now_ns, end_ns=now_ns, status=status)
        )
        self._open = True

    def spawned(self) -> None:
        """All users are there: only now a step truly has begun."""
        if self._open and self.settles:
            self.levels[-1] = replace(self.levels[-1], start_ns=self.now_ns())

    def end(self, status: str | None = None) -> None:
        """The open level is over; of a search ``status`` came of it."""
        if self._open:
            last = self.levels[-1]
            self.levels[-1] = replace(last, end_ns=self.now_ns(), status=status or last.status)
            self._open = False

    def ramp(self, level_from: float, level_to: float, seconds: float, elapsed_s: float) -> None:
        """All slices of a ramp that is ``elapsed_s`` under way, told once or again; ``stop`` cuts them."""
        if self.levels or self._stopped:
            return
        start_ns, each_ns = self.now_ns() - int(elapsed_s * 1e9), int(seconds * 1e9 / SLICES)
        rise = (level_to - level_from) / SLICES
        self.levels = [
            LoadStage(
                level_from=round(level_from + number * rise, 3),
                level_to=round(level_from + (number + 1) * rise, 3),
                start_ns=start_ns + number * each_ns,
                end_ns=start_ns + (number + 1) * each_ns,
            )
            for number in range(SLICES)
        ]

    def stop(self) -> None:
        """The load stops now, before it drains. Later calls change nothing."""
        if self._stopped:
            return
        self.end()
        self._stopped = True
        now_ns = self.now_ns()
        self.levels = [
            replace(level, end_ns=min(level.end_ns, now_ns))
            for level in self.levels
            if level.start_ns < now_ns
        ]


def _unix_ns(clock: Clock) -> Callable[[], int]:
    return lambda: clock.unix(time.monotonic_ns())
