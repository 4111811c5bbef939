"""The time a sweep may take, and what of it is kept for measuring cells again."""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import fmean

KEPT_FOR_AGAIN = 0.10
"""Of the budget: a level without a valid cell costs a knee, which is more than one cell less."""


@dataclass(kw_only=True)
class Budget:
    """Pure but for what it is told: ``now`` is a monotonic clock's seconds, as ``began``."""

    seconds: float | None
    """None: as long as it takes."""
    began: float
    cells: list[float] = field(default_factory=list)
    """How long each cell took."""
    again_seconds: float = 0.0

    def took(self, seconds: float, *, again: bool) -> None:
        self.cells.append(seconds)
        self.again_seconds += seconds if again else 0.0

    def left(self, now: float) -> float:
        """Seconds; infinite without a budget."""
        return self.ends - now

    @property
    def ends(self) -> float:
        """The moment; infinite without a budget."""
        return float("inf") if self.seconds is None else self.began + self.seconds

    def time_for_cell(self, now: float, *, sparing: bool, least: float = 0.0) -> bool:
        """Would a cell as long as the others, or of ``least`` seconds, end within what is left? ``sparing``:
        without what is kept for measuring again."""
        kept = max(0.0, KEPT_FOR_AGAIN * (self.seconds or 0.0) - self.again_seconds) if sparing else 0.0
        return self.left(now) - kept > max(least, fmean(self.cells) if self.cells else 0.0)
