"""The level at which throughput stops growing, with its interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from records.cells.measure import CONFIDENCE
from records.cells.point import Point, Value
from reports.figures.compare import by_workload, configs_of, deployments_of, differ
from reports.figures.knee import GROWTH, Step, falls_short, knee_index
from reports.figures.pooling.requested import no_number_of_users
from reports.figures.stats import Estimate
from reports.figures.summary import OperatingPoint
from workloads.workload import Workload

LEVELS_OWN = ("rate", "shape", "shape_options")
"""What may differ from level to level of a knee: it is a level's load itself."""


@dataclass(frozen=True, kw_only=True)
class Knee:
    """Where a row stops growing with users, all other factors being the same, or that it did not."""

    deployment: str
    config: str
    workload: Workload
    concurrency: int | None
    """The lowest level within 10 % of the highest throughput after which it grows by no more than 10 %."""
    low: int | None
    high: int | None
    """The levels between which 95 % of the bootstrap's draws that have a knee put it."""
    reached_share: float
    """Share of the draws that have a knee."""
    throughput: Estimate | None
    """At the knee; where none was reached, at the highest valid level."""
    top: int
    """The highest valid level."""
    levels: int
    budget_ended: bool
    workload_mismatch: tuple[str, ...]
    """In what the levels' loads differ: then there is no knee in them."""
    other_loads: tuple[str, ...]
    """What the levels' loads are, where not so many users: then there is none either."""
    others: dict[str, Value]
    """The factors besides users, of all its levels."""
    invalid: tuple[int, ...]
    """Levels above that were measured and are not valid: how it went on is not known, so no knee is said."""
    step: Step | None = None
    """The last one, where throughput still grew at the highest valid level."""

    above: int | None = None
    """The level measured next below the knee, where throughput grew by less than the users from there (0: no
    level is lower): it may have stopped growing anywhere in between. None: it is the knee."""

    @property
    def unsure(self) -> bool:
        """No knee was found, and yet growth at the highest level is not shown: it may lie below."""
        return self.step is not None and self.step.unsure

    @property
    def name(self) -> str:
        """Its row's, with the other factors where there are some."""
        return f"{self.config} ({Point.of(self.others).label})" if self.others else self.config

    def has(self, level: OperatingPoint) -> bool:
        """Is it of this level, among others?"""
        here = (level.deployment, level.config, level.workload, level.load.others.to_json())
        return here == (self.deployment, self.config, self.workload, self.others)


def find_knee(levels: Sequence[OperatingPoint], *, budget_ended: bool) -> Knee | None:
    """The knee of levels of one row that differ in users alone; None without a valid one."""
    valid = [level for level in levels if level.valid and level.figures.throughput is not None]
    if not valid:
        return None
    apart = differ(valid, own=LEVELS_OWN)
    others = no_number_of_users(c.cell for level in valid for c in level.valid_cells)
    at, found = None, []
    if not apart and not others:
        at = knee_index([best.value for level in valid if (best := level.figures.throughput)])
        draws = np.stack([level.throughput_draws for level in valid], axis=1)
        found = [knee_index([float(x) for x in row]) for row in draws if np.isfinite(row).all()]
    known = valid[-1 if at is None else at].load
    invalid = tuple(
        level.load.users for level in levels if not level.valid and level.load.closed and level.load > known
    )
    if invalid:
        at, found = None, []
    knees = sorted(i for i in found if i is not None)
    tail = (1 - CONFIDENCE) / 2
    low = high = None
    if knees and at is not None:
        low = valid[min(at, knees[math.floor(tail * len(knees))])].load.users
        high = valid[max(at, knees[min(len(knees) - 1, math.ceil((1 - tail) * len(knees)) - 1)])].load.users
    return Knee(
        deployment=valid[0].deployment,
        config=valid[0].config,
        workload=valid[0].workload,
        concurrency=None if at is None else valid[at].load.users,
        low=low,
        high=high,
        reached_share=len(knees) / len(found) if found else 0.0,
        throughput=valid[-1 if at is None else at].figures.throughput,
        top=valid[-1].load.users,
        levels=len(valid),
        budget_ended=budget_ended and at is None and not invalid,
        workload_mismatch=apart,
        other_loads=others,
        others=valid[0].load.others.to_json(),
        invalid=invalid,
        step=None if apart or others or invalid or at is not None else _last_step(valid),
        above=None if at is None else _above(valid, at),
    )


def _above(levels: Sequence[OperatingPoint], at: int) -> int | None:
    knee = levels[at].load.users
    if at == 0:
        return 0 if knee > 1 else None
    below, low, high = (
        levels[at - 1].load.users,
        levels[at - 1].figures.throughput,
        levels[at].figures.throughput,
    )
    if knee - below < 2 or low is None or high is None or not low.value:
        return None
    return below if falls_short(below, knee, high.value / low.value) else None


def _last_step(levels: Sequence[OperatingPoint]) -> Step | None:
    if len(levels) < 2:
        return None
    before, after = levels[-2:]
    low, high = before.figures.throughput, after.figures.throughput
    if low is None or high is None or not low.value:
        return None
    few, many, gained = before.load.users, after.load.users, high.value / low.value
    return Step(few=few, many=many, gained=gained, waited=_waited(before, after))


def _waited(before: OperatingPoint, after: OperatingPoint) -> tuple[float, float] | None:
    """By more than throughput has to grow, and by more than both intervals leave open."""
    one, other = before.figures.median, after.figures.median
    if one is None or other is None or one.high is None or other.low is None:
        return None
    if (
        before.workload.compared.higher_is_better
        or other.value <= GROWTH * one.value
        or other.low <= one.high
    ):
        return None
    return one.value, other.value


def find_knees(levels: Sequence[OperatingPoint], *, budget_ended: bool) -> tuple[Knee, ...]:
    """One for each row, workload, and combination of the factors besides users, that has a valid level."""
    found = []
    for deployment, group in product(deployments_of(levels), by_workload(levels)):
        own = [level for level in group if level.deployment == deployment]
        for config in configs_of(own):
            row = [level for level in own if level.config == config]
            for others in dict.fromkeys(level.load.others for level in row):
                at = [level for level in row if level.load.others == others]
                knee = find_knee(at, budget_ended=budget_ended)
                if knee is not None:
                    found.append(knee)
    return tuple(found)
