"""Ratios of levels, and the level at which throughput stops growing: always with their intervals."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np

from records.cell import Cell
from records.measure import CONFIDENCE
from reports.alike import more_than_named, set_apart, set_differently
from reports.asked import asked_differently, no_number_of_users
from reports.knee import knee_index
from reports.load import Load
from reports.ratios import Ratios
from reports.stats import Estimate
from reports.summary import CONFIG_ORDER, Level, ordered
from workloads.workload import Workload

BOTTLENECK_RATIO = 1.5
LEVELS_OWN = ("rate", "shape", "shape_options")
"""What may differ from level to level of a knee: it is a level's load itself."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How many times faster ``config`` is than ``reference``, at one load of one deployment."""

    deployment: str
    config: str
    reference: str
    load: Load
    workload: Workload
    throughput: Estimate | None
    """Throughput over the reference's."""
    compared: Estimate | None
    """How many times better the median of the compared metric is: of a latency the reference's over this
    one's, so that above 1 is faster."""
    paired: bool
    """Whether both have the same repeats of the same runs."""
    asked_differently: tuple[str, ...]
    """In what the two loads differ: then the ratio is of two loads."""
    differ_in: tuple[str, ...]
    """In what the two services differ beyond their names: then no ratio is given."""


@dataclass(frozen=True, kw_only=True)
class DeploymentRatio:
    """How many times faster the first deployment is than the second, same configuration and load."""

    config: str
    load: Load
    first: str
    second: str
    workload: Workload
    throughput: Estimate | None
    """The first's throughput over the second's."""
    compared: Estimate | None
    """How many times better the first's median of the compared metric is, as in a `Comparison`."""
    asked_differently: tuple[str, ...]
    """In what the two loads differ: then the ratio is of two loads."""
    set_apart: tuple[str, ...]
    """The settings in which the two differ, which is theirs to do."""
    differ_in: tuple[str, ...]
    """The stages that run other code: then no ratio is given."""

    @property
    def second_is_bottleneck(self) -> bool:
        ratio = self.throughput
        return ratio is not None and ratio.value > BOTTLENECK_RATIO and not self.asked_differently


@dataclass(frozen=True, kw_only=True)
class Knee:
    """Where a configuration stops growing, or that it did not."""

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
    asked_differently: tuple[str, ...]
    """In what the levels' loads differ: then there is no knee in them."""
    other_loads: tuple[str, ...]
    """What the levels' loads are, where not so many users: then there is none either."""
    struck: tuple[int, ...]
    """Levels above that were measured and are not valid: how it went on is not known, so no knee is said."""


def _differ(levels: Sequence[Level], *, own: Collection[str] = ()) -> tuple[str, ...]:
    """In what the loads of all valid cells differ, ``own`` left out.

    Another deployment may have another API: its path, headers and dialect, and with the dialect the body,
    count within one deployment only.
    """
    cells = [cell.cell for level in levels for cell in level.valid_cells]
    but = set(own)
    if len({cell.deployment for cell in cells}) > 1:
        but |= {"path", "headers", "dialect"}
        if "dialect" in asked_differently(cells):
            but.add("body")
    return (*asked_differently(cells, but=but), *set_differently(cells))


def deployments_of(levels: Sequence[Level]) -> list[str]:
    """In the order in which ``summarise`` put them."""
    return list(dict.fromkeys(level.deployment for level in levels))


def configs_of(levels: Sequence[Level]) -> list[str]:
    return ordered((level.config for level in levels), CONFIG_ORDER)


def by_workload(levels: Sequence[Level]) -> list[list[Level]]:
    """The levels of each workload: what is measured otherwise is never compared."""
    groups: dict[str, list[Level]] = {}
    for level in levels:
        groups.setdefault(level.workload.name, []).append(level)
    return list(groups.values())


def _believed(*levels: Level) -> tuple[list[Cell], ...]:
    """The valid cells of each level; all of one that has none, which enters no ratio anyway."""
    return tuple([cell.cell for cell in level.valid_cells or level.cells] for level in levels)


def compare_configs(levels: Sequence[Level], ratios: Ratios) -> tuple[Comparison, ...]:
    """Every configuration against the baseline (else the first one) of its deployment, level by level."""

    def each() -> Iterator[Comparison]:
        for deployment, group in product(deployments_of(levels), by_workload(levels)):
            own = [level for level in group if level.deployment == deployment]
            if not own:
                continue
            reference = configs_of(own)[0]
            base = {level.load: level for level in own if level.config == reference}
            for level in own:
                if level.config == reference or level.load not in base:
                    continue
                other = base[level.load]
                more = more_than_named(*_believed(other, level))
                yield Comparison(
                    deployment=deployment,
                    config=level.config,
                    reference=reference,
                    load=level.load,
                    workload=level.workload,
                    throughput=None if more else ratios.throughput(level, other),
                    compared=None if more else ratios.compared(level, other),
                    paired={s.key for s in level.samples} == {s.key for s in other.samples},
                    asked_differently=_differ((level, other)),
                    differ_in=more,
                )

    return tuple(each())


def compare_deployments(levels: Sequence[Level], ratios: Ratios) -> tuple[DeploymentRatio, ...]:
    """The original's ratio, where there are exactly two deployments."""
    names = deployments_of(levels)
    if len(names) != 2:
        return ()
    found = []
    for config, group in product(configs_of(levels), by_workload(levels)):
        by_key = {(level.deployment, level.config, level.load): level for level in group}
        for load in sorted({level.load for level in group if level.config == config}):
            a, b = by_key.get((names[0], config, load)), by_key.get((names[1], config, load))
            both = _believed(a, b) if a and b else None
            more = more_than_named(*both) if both else ()
            found.append(
                DeploymentRatio(
                    config=config,
                    load=load,
                    first=names[0],
                    second=names[1],
                    workload=group[0].workload,
                    throughput=ratios.throughput(a, b) if a and b and not more else None,
                    compared=ratios.compared(a, b) if a and b and not more else None,
                    asked_differently=_differ((a, b)) if a and b else (),
                    set_apart=set_apart(*both) if both else (),
                    differ_in=more,
                )
            )
    return tuple(found)


def find_knee(levels: Sequence[Level], *, budget_ended: bool) -> Knee | None:
    """The knee of one deployment's one configuration; None without a valid level."""
    valid = [level for level in levels if level.valid and level.figures.throughput is not None]
    if not valid:
        return None
    differ = _differ(valid, own=LEVELS_OWN)
    others = no_number_of_users(c.cell for level in valid for c in level.valid_cells)
    at, found = None, []
    if not differ and not others:
        at = knee_index([best.value for level in valid if (best := level.figures.throughput)])
        draws = np.stack([level.throughput_draws for level in valid], axis=1)
        found = [knee_index([float(x) for x in row]) for row in draws if np.isfinite(row).all()]
    known = valid[-1 if at is None else at].load
    struck = tuple(
        level.load.users for level in levels if not level.valid and level.load.closed and level.load > known
    )
    if struck:
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
        budget_ended=budget_ended and at is None and not struck,
        asked_differently=differ,
        other_loads=others,
        struck=struck,
    )


def find_knees(levels: Sequence[Level], *, budget_ended: bool) -> tuple[Knee, ...]:
    """One for each deployment, workload and configuration that has a valid level."""
    found = []
    for deployment, group in product(deployments_of(levels), by_workload(levels)):
        for config in configs_of([level for level in group if level.deployment == deployment]):
            own = [level for level in group if (level.deployment, level.config) == (deployment, config)]
            knee = find_knee(own, budget_ended=budget_ended)
            if knee is not None:
                found.append(knee)
    return tuple(found)
