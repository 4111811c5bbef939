"""``auto``: after the levels that are always measured, onward until throughput has stopped growing. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sweep.plan import CellKey, Plan

GROWTH = 1.10  # throughput has stopped growing when one more level brings less than this
Variant = tuple[str, str]  # (deployment, configuration)


def grew(rps_by_level: Mapping[int, float]) -> bool:
    """Did the highest level still bring at least 10 % more than the best of the lower ones?"""
    if len(rps_by_level) < 2:
        return True
    top = max(rps_by_level)
    return rps_by_level[top] >= GROWTH * max(rps for n, rps in rps_by_level.items() if n != top)


def next_level(onward: Sequence[int], rps_by_level: Mapping[int, float]) -> int | None:
    """The level to go on to, or None when throughput has stopped growing or the levels are used up."""
    if not rps_by_level or not grew(rps_by_level):
        return None
    return next((n for n in onward if n > max(rps_by_level)), None)


@dataclass(frozen=True, kw_only=True)
class Search:
    """The first repeat's throughput so far, and which levels follow from it. The second repeats them."""

    plan: Plan
    rps: dict[Variant, dict[int, float]] = field(default_factory=dict)
    unanswered: dict[Variant, int] = field(default_factory=dict)
    """The lowest level at which there was not one good answer."""

    def took(self, key: CellKey, rps: float, *, answered: bool = True) -> None:
        """A cell was measured; ``answered``: there was a good answer in it."""
        variant = (key.deployment, key.config)
        if not answered:
            self.unanswered[variant] = min(key.concurrency, self.unanswered.get(variant, key.concurrency))
        if key.repeat == 1:
            self.rps.setdefault(variant, {})[key.concurrency] = rps

    def pointless(self, key: CellKey) -> bool:
        """Did no more users than these get no good answer at all?"""
        limit = self.unanswered.get((key.deployment, key.config))
        return limit is not None and key.concurrency >= limit

    def next_cells(self) -> list[CellKey]:
        """One cell for each configuration whose throughput still grows."""
        onward = self.plan.onward_levels()
        keys = [
            CellKey(deployment=label, config=config, concurrency=level, repeat=1)
            for (label, config), by_level in sorted(self.rps.items())
            if (level := next_level(onward, by_level)) is not None
        ]
        return [key for key in keys if not self.pointless(key)]

    def added_cells(self, repeat: int) -> list[CellKey]:
        """The cells beyond the plan's own that this search has led to."""
        return [
            CellKey(deployment=label, config=config, concurrency=level, repeat=repeat)
            for (label, config), by_level in self.rps.items()
            for level in by_level
            if level not in self.plan.levels
        ]
