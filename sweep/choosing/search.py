"""What a sweep knows so far of each series (a variant at all numbers of users), and which cells follow. Pure.

The first repeat of ``auto`` looks for the knee; the others measure the same levels, those first that decide.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from statistics import fmean

from sweep.choosing.knee import Outcomes, deciding_levels, next_level
from sweep.planning.cell_key import CellKey, Series, Service
from sweep.planning.plan import Plan

USUAL_LEVELS = 6
"""So many levels of a series lead ``auto`` to its knee: a guess while it is not found."""


@dataclass(frozen=True, kw_only=True)
class Search:
    """The cells that were measured, as far as others follow from them."""

    plan: Plan
    throughput: dict[CellKey, float | None] = field(default_factory=dict)
    """Of each cell; None where it is not valid, so that it decides nothing."""
    knees: dict[Series, int] = field(default_factory=dict)
    """How many users will reach the ceiling, by the levels that all series share; without it the fixed levels
    are gone through."""
    unanswered: dict[Series, int] = field(default_factory=dict)
    """The lowest level at which there was not one good answer."""
    gone: dict[Service, str] = field(default_factory=dict)
    """Those that are not there for the rest of this repeat, and why."""
    failed: dict[CellKey, str] = field(default_factory=dict)
    """Why, of the cells that the target failed, not the machine."""

    def took(
        self, key: CellKey, throughput: float | None, *, answered: bool = True, failed: str | None = None
    ) -> None:
        """A cell was measured, maybe again; ``throughput`` is None where it is not valid; ``answered``: there
        was a good answer in it; ``failed``: what the target did for which it is not valid."""
        self.failed.pop(key, None)
        if failed:
            self.failed[key] = failed
        self.throughput[key] = (throughput or None) if answered else None
        if not answered:
            limit = self.unanswered.get(key.series, key.concurrency)
            self.unanswered[key.series] = min(key.concurrency, limit)

    def foresee(self, series: Series, knee: int | None) -> None:
        """Take in a prediction; None takes back an earlier one."""
        if knee is None:
            self.knees.pop(series, None)
        else:
            self.knees[series] = knee

    def pointless(self, key: CellKey) -> bool:
        return self.why_pointless(key) is not None

    def why_pointless(self, key: CellKey) -> str | None:
        """Why no good answer is to be expected in a cell: nobody is there to give one, no more users than
        these got none, or the target failed all of the first repeat. None where one is."""
        if (gone := self.gone.get(key.service)) is not None:
            return gone
        limit = self.unanswered.get(key.series)
        if limit is not None and key.concurrency >= limit:
            users = f" with {_users(limit)}" if limit else ""
            return f"not one good answer came{users}"
        why = self.always_failed(key.series) if key.repeat > 1 else None
        return None if why is None else f"the target failed every cell of the first repeat: {why}"

    def always_failed(self, series: Series) -> str | None:
        """Why, where the target failed every cell of a series' first repeat: it would fail them again."""
        first = [key for key in self.throughput if key.series == series and key.repeat == 1]
        if not first or any(key not in self.failed for key in first):
            return None
        return self.failed[first[0]]

    def next_cells(self) -> list[CellKey]:
        """One cell of the first repeat for each series whose knee is still looked for."""
        keys = map(self._next_cell, self.plan.series)
        return [key for key in keys if key is not None]

    def _next_cell(self, series: Series) -> CellKey | None:
        if self.begins(series):
            return None
        found, knee = self._outcomes(series, (1,)), self.knees.get(series)
        levels = self.plan.search_levels(knee)
        if knee in levels and knee not in found and knee < max(found):  # one noisy cell could hide it
            level: int | None = knee
        else:
            level = next_level(levels, self.plan.onward_levels(knee), found)
        key = None if level is None else _cell(series, level, 1)
        return None if key is None or self.pointless(key) else key

    def begins(self, series: Series) -> bool:
        """Are levels missing that all series share? Before them there is nothing to go by."""
        shared = (_cell(series, level, 1) for level in self.plan.levels)
        return any(key not in self.throughput and not self.pointless(key) for key in shared)

    def _outcomes(self, series: Series, repeats: Collection[int]) -> Outcomes:
        """Throughput by level, the mean of the valid cells; None where there is none."""
        levels: dict[int, list[float]] = {}
        for key, throughput in self.throughput.items():
            if key.series == series and key.repeat in repeats:
                levels.setdefault(key.concurrency, []).extend([] if throughput is None else [throughput])
        return {level: fmean(valid) if valid else None for level, valid in levels.items()}

    def _levels(self, series: Series) -> list[int]:
        """Those of the plan, and those that the search led to; of an open loop, which has no users, none."""
        return sorted({*self.plan.levels, *self._outcomes(series, (1,))}) if self.plan.levels else [0]

    def cells(self, repeat: int) -> list[CellKey]:
        """The cells of a repeat that are known by now: the plan's own, and those that the search led to."""
        return [_cell(series, level, repeat) for series in self.plan.series for level in self._levels(series)]

    def foremost(self, cells: Collection[CellKey]) -> list[CellKey]:
        """Those cells of a repeat that come next, in the order in which they are measured.

        All of them in a list of levels, and in the first repeat. Later those that decide a knee, by all that
        is known by now; then those at which variants are compared; then the rest.
        """
        every_series = {key.series for key in cells} if self.plan.auto else set()
        every = range(1, self.plan.repeats + 1)
        deciding = {series: deciding_levels(self._outcomes(series, every)) for series in every_series}

        def rank(key: CellKey) -> int:
            if not self.plan.auto or key.repeat == 1 or key.concurrency in deciding[key.series]:
                return 0
            return 1 if key.concurrency in self.plan.levels[1:] else 2

        first = min(map(rank, cells), default=0)
        return self.plan.shuffled(key for key in cells if rank(key) == first)

    def expected_cells(self) -> int:
        """How many cells there will be in all repeats, as far as can be said now."""
        repeats = range(1, self.plan.repeats + 1)
        known = (key for repeat in repeats for key in self.cells(repeat))
        missing = [key for key in known if key not in self.throughput and not self.pointless(key)]
        guessed = self.plan.repeats * sum(map(self._guess, self.plan.series))
        return len(self.throughput) + len(missing) + guessed

    def _guess(self, series: Series) -> int:
        """How many levels more there will be of a series."""
        begins = self.begins(series)
        if not self.plan.auto or not (begins or self._next_cell(series)):
            return 0
        levels = self._levels(series)
        usual = min(USUAL_LEVELS, len(self.plan.search_levels()))
        return max(usual - len(levels), 0 if begins else 1)


def _users(count: int) -> str:
    return "1 user" if count == 1 else f"{count} users"


def _cell(series: Series, level: int, repeat: int) -> CellKey:
    deployment, config, others = series
    return CellKey(
        deployment=deployment, config=config, point=others.at(level) if level else others, repeat=repeat
    )
