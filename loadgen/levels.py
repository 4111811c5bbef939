"""The levels of a load with a shape: noted while it runs, cut to what is measured when it is over. Pure.

What is measured of a level, always inside the run's own window:

    a step      from when all its users are there and it has settled, as a level of a search does: a second
                later and as many of its requests have ended as it has users (an open loop: as are due in a
                second), at the latest when half of it is over
    a ramp      each tenth of it, whole: it never settles
    a search    what the search measured: it settles before that
"""

from __future__ import annotations

import shlex
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from math import ceil
from pathlib import Path
from statistics import median, quantiles

from loadgen.clock import Clock
from records.cell import Cell, Window
from records.levels import HeldLevel, HeldLevels, wanted_in
from records.measure import measured, rate, wanted_answers
from records.request import RequestRecord

SETTLE_S = 1.0
"""A level settles for at least so long, and until each user has had an answer; in an open loop until as
many have come as are due in a second."""
SLICES = 10
"""Of a ramp."""


@dataclass(kw_only=True)
class LevelLog:
    """In the process that decides. The last level is open until the next begins, or the load stops."""

    now_ns: Callable[[], int] = field(default_factory=lambda: _unix_ns(Clock()))
    levels: list[HeldLevel] = field(default_factory=list)
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
            HeldLevel(level_from=level, level_to=level, start_ns=now_ns, end_ns=now_ns, status=status)
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
            HeldLevel(
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


def measured_levels(
    levels: Sequence[HeldLevel], requests: Sequence[RequestRecord], window: Window | None, *, settle: bool
) -> tuple[HeldLevel, ...]:
    """The levels as they were noted, each cut to the time in which it is measured; that in which it was held
    is kept beside it."""

    def cut(noted: HeldLevel) -> HeldLevel:
        level = replace(noted, held_start_ns=noted.start_ns, held_end_ns=noted.end_ns)
        if window is None:
            return replace(level, end_ns=level.start_ns)
        # First its end: what lies beyond the window, such as a drain, is no time in which it settles.
        whole = replace(level, end_ns=max(level.start_ns, min(level.end_ns, window.end_ns)))
        start_ns = _settled_ns(whole, requests) if settle else whole.start_ns
        return replace(whole, start_ns=min(max(start_ns, window.start_ns), whole.end_ns))

    return tuple(map(cut, levels))


def _settled_ns(level: HeldLevel, requests: Sequence[RequestRecord]) -> int:
    half_ns = (level.start_ns + level.end_ns) // 2
    ended = sorted(r.ended_at_ns for r in wanted_in(requests, level) if r.outcome != "cut")
    enough = ceil(level.level_to)
    each_ns = ended[enough - 1] if 0 < enough <= len(ended) else half_ns
    return min(max(level.start_ns + int(SETTLE_S * 1e9), each_ns), half_ns)


def table(held: HeldLevels, requests: Sequence[RequestRecord], window: Window | None) -> str:
    """A line a level. Percentiles are the report's: of good answers, interpolated (type 7)."""
    head = ["users" if held.unit == "users" else "requests/s", "seconds", "requests", "failures", "RPS"]
    lines = [[*head, "TTFT p50 ms", "TTFT p95 ms"]]
    counted = measured(requests, window)
    for level in held.levels:
        own = wanted_in(counted, level)
        ttft_ms = [ms for r in own if r.outcome == "ok" and (ms := r.ttft_ms) is not None]
        rps = rate(requests, Window(start_ns=level.start_ns, end_ns=level.end_ns))
        p95 = (
            quantiles(ttft_ms, n=20, method="inclusive")[-1] if len(ttft_ms) >= wanted_answers(0.95) else None
        )
        lines.append(
            [
                level.label(held.unit).removesuffix("/s"),
                f"{level.seconds:.1f}",
                str(len(own)),
                str(sum(r.outcome != "ok" for r in own)),
                "-" if rps is None else f"{rps:.1f}",
                f"{median(ttft_ms):.1f}" if ttft_ms else "-",
                "-" if p95 is None else f"{p95:.1f}",
            ]
        )
    return aligned(lines)


def what_next(cell: Cell, folder: Path) -> str:
    """The line below the table: what may be done with it."""
    if not cell.verdict.valid:
        return "The run is invalid, as its verdict says: believe none of these."
    if not cell.complete:
        return "The load was interrupted: these are its levels until then."
    return f"The same with intervals, and more: report {shlex.quote(str(folder))}"


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns under their heads, to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.rjust, line, widths)) for line in lines)
