"""At which level throughput has stopped growing: one rule for reports and for the sweep that looks for it."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

GROWTH = 1.10
"""Throughput has stopped growing when the next level brings no more than this."""
NEAR_HIGHEST = 0.90
"""A knee has at least this share of the highest throughput."""


def knee_index(rps: Sequence[float]) -> int | None:
    """The knee in a series of rising concurrency; None when throughput still grew at its end."""
    for i, (here, after) in enumerate(itertools.pairwise(rps)):
        if here >= NEAR_HIGHEST * max(rps) and after <= GROWTH * here:
            return i
    return None


def falls_short(few: int, many: int, gained: float) -> bool:
    """Did the step bring clearly less than the users would have? Then a limit was met on its way, or not: it
    cannot tell."""
    return gained < NEAR_HIGHEST * many / few


@dataclass(frozen=True, kw_only=True)
class Step:
    """From one number of users to the next, and how many times the throughput it brought."""

    few: int
    many: int
    gained: float
    waited: tuple[float, float] | None = None
    """The median of what is compared (TTFT p50) before and after, where it clearly grew: requests wait."""

    @property
    def unsure(self) -> bool:
        """It does not show growth at its upper end."""
        return self.waited is not None or falls_short(self.few, self.many, self.gained)
