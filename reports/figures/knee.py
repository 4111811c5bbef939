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


@dataclass(frozen=True, kw_only=True)
class Step:
    """From one number of users to the next, and how many times the throughput it brought."""

    few: int
    many: int
    gained: float

    @property
    def slow(self) -> bool:
        """It brought less than half of what the users would have."""
        return self.gained - 1 < (self.many / self.few - 1) / 2
