"""Ratios of levels, and the level at which throughput stops growing: always with their intervals."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from records.cell import Cell
from records.measure import CONFIDENCE
from records.point import Point, Value
from records.variants import BASELINE
from reports.alike import more_than_named, set_apart
from reports.asked import asked_differently, no_number_of_users
from reports.knee import knee_index
from reports.load import Load
from reports.ratios import Ratios
from reports.rows import Row
from reports.stats import Estimate
from reports.summary import CONFIG_ORDER, Level

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
    rps: Estimate | None
    """RPS over the reference's RPS."""
    ttft: Estimate | None
    """The reference's TTFT p50 over this one's: above 1 is faster."""
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
    rps: Estimate | None
    """The first's RPS over the second's."""
    ttft: Estimate | None
    """The second's TTFT p50 over the first's: above 1 the first is faster, as of RPS."""
    asked_differently: tuple[str, ...]
    """In what the two loads differ: then the ratio is of two loads."""
    set_apart: tuple[str, ...]
    """The settings in which the two differ, which is theirs to do."""
    differ_in: tuple[str, ...]
    """The stages that run other code: then no ratio is given."""

    @property
    def second_is_bottleneck(self) -> bool:
        return self.rps is not None and self.rps.value > BOTTLENECK_RATIO and not self.asked_differently


@dataclass(frozen=True, kw_only=True)
class Knee:
    """Where a row stops growing with users, all other factors being the same, or that it did not."""

    deployment: str
    config: str
    concurrency: int | None
    """The lowest level within 10 % of the highest RPS after which RPS grows by no more than 10 %."""
    low: int | None
    high: int | None
    """The levels between which 95 % of the bootstrap's draws that have a knee put it."""
    reached_share: float
    """Share of the draws that have a knee."""
    rps: Estimate | None
    """At the knee; where none was reached, at the highest valid level."""
    top: int
    """The highest valid level."""
    levels: int
    budget_ended: bool
    asked_differently: tuple[str, ...]
    """In what the levels' loads differ: then there is no knee in them."""
    other_loads: tuple[str, ...]
    """What the levels' loads are, where not so many users: then there is none either."""
    others: dict[str, Value]
    """The factors besides users, of all its levels."""
    struck: tuple[int, ...]
    """Levels above that were measured and are not valid: how RPS went on is not known, so no knee is said."""

    @property
    def name(self) -> str:
        """Its row's, with the other factors where there are some."""
        return f"{self.config} ({Point.of(self.others).label})" if self.others else self.config

    def has(self, level: Level) -> bool:
        """Is it of this level, among others?"""
        here = level.deployment, level.config, level.load.others.to_json()
        return here == (self.deployment, self.config, self.others)


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
    return asked_differently(cells, but=but)


def deployments_of(levels: Sequence[Level]) -> list[str]:
    """In the order in which ``summarise`` put them."""
    return list(dict.fromkeys(level.deployment for level in levels))


def configs_of(levels: Sequence[Level]) -> list[str]:
    """The rows' names: of the mocks first, in their order, then as ``summarise`` put them."""
    variants = {level.config: level.row.variant for level in levels}
    known = {name: place for place, name in enumerate(CONFIG_ORDER)}
    return sorted(variants, key=lambda config: known.get(variants[config], len(known)))


def reference_of(levels: Sequence[Level], wanted: str | None, given: Sequence[str]) -> Row:
    """The row of one deployment that others are compared with: the ``wanted`` one (by its name, or its
    variant's), else the baseline, else the first one ``given``, else the first there is."""
    rows = [next(lv.row for lv in levels if lv.config == config) for config in configs_of(levels)]
    for name in (wanted, BASELINE.name, *given):
        for row in rows:
            if name in (row.config, row.variant):
                return row
    return rows[0]


def _compared_with(row: Row, reference: Row, rows: Collection[Row]) -> Iterator[Row]:
    """Rows of one variant are compared with the reference's that differs from it in the variant alone, if
    there is one; and among themselves with that which has what the reference has, or is the first."""
    alike = [one for one in rows if one.variant == reference.variant]
    own = [one for one in rows if one.variant == row.variant]
    if row.variant != reference.variant:
        yield next((one for one in alike if one.difference == row.difference), reference)
    first = next((one for one in own if one.difference == reference.difference), own[0])
    if row != first:
        yield first


def _believed(*levels: Level) -> tuple[list[Cell], ...]:
    """The valid cells of each level; all of one that has none, which enters no ratio anyway."""
    return tuple([cell.cell for cell in level.valid_cells or level.cells] for level in levels)


def compare_configs(
    levels: Sequence[Level], ratios: Ratios, *, reference: str | None = None, given: Sequence[str] = ()
) -> tuple[Comparison, ...]:
    """Every row against its reference (`reference_of`), level by level."""

    def each() -> Iterator[Comparison]:
        for deployment in deployments_of(levels):
            own = [level for level in levels if level.deployment == deployment]
            chosen = reference_of(own, reference, given)
            by_row = {(level.row, level.load): level for level in own}
            rows = list(dict.fromkeys(level.row for level in own))
            for level in own:
                for row in _compared_with(level.row, chosen, rows):
                    other = by_row.get((row, level.load))
                    if other is not None:
                        yield _comparison(level, other, ratios)

    return tuple(each())


def _comparison(level: Level, other: Level, ratios: Ratios) -> Comparison:
    more = more_than_named(*_believed(other, level), named=level.row.named | other.row.named)
    return Comparison(
        deployment=level.deployment,
        config=level.config,
        reference=other.config,
        load=level.load,
        rps=None if more else ratios.rps(level, other),
        ttft=None if more else ratios.ttft(other, level),
        paired={s.key for s in level.samples} == {s.key for s in other.samples},
        asked_differently=_differ((level, other)),
        differ_in=more,
    )


def compare_deployments(levels: Sequence[Level], ratios: Ratios) -> tuple[DeploymentRatio, ...]:
    """The original's ratio, where there are exactly two deployments."""
    names = deployments_of(levels)
    if len(names) != 2:
        return ()
    by_key = {(level.deployment, level.config, level.load): level for level in levels}
    found = []
    for config in configs_of(levels):
        for load in sorted({level.load for level in levels if level.config == config}):
            a, b = by_key.get((names[0], config, load)), by_key.get((names[1], config, load))
            both = _believed(a, b) if a and b else None
            more = more_than_named(*both) if both else ()
            found.append(
                DeploymentRatio(
                    config=config,
                    load=load,
                    first=names[0],
                    second=names[1],
                    rps=ratios.rps(a, b) if a and b and not more else None,
                    ttft=ratios.ttft(b, a) if a and b and not more else None,
                    asked_differently=_differ((a, b)) if a and b else (),
                    set_apart=set_apart(*both) if both else (),
                    differ_in=more,
                )
            )
    return tuple(found)


def find_knee(levels: Sequence[Level], *, budget_ended: bool) -> Knee | None:
    """The knee of levels of one row that differ in users alone; None without a valid one."""
    valid = [level for level in levels if level.valid and level.figures.rps is not None]
    if not valid:
        return None
    differ = _differ(valid, own=LEVELS_OWN)
    others = no_number_of_users(c.cell for level in valid for c in level.valid_cells)
    at, found = None, []
    if not differ and not others:
        at = knee_index([level.figures.rps.value for level in valid if level.figures.rps])
        draws = np.stack([level.rps_draws for level in valid], axis=1)
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
        concurrency=None if at is None else valid[at].load.users,
        low=low,
        high=high,
        reached_share=len(knees) / len(found) if found else 0.0,
        rps=valid[-1 if at is None else at].figures.rps,
        top=valid[-1].load.users,
        levels=len(valid),
        budget_ended=budget_ended and at is None and not struck,
        asked_differently=differ,
        other_loads=others,
        others=valid[0].load.others.to_json(),
        struck=struck,
    )


def find_knees(levels: Sequence[Level], *, budget_ended: bool) -> tuple[Knee, ...]:
    """One for each row, and combination of the factors besides users, that has a valid level."""
    found = []
    for deployment in deployments_of(levels):
        own = [level for level in levels if level.deployment == deployment]
        for config in configs_of(own):
            row = [level for level in own if level.config == config]
            for others in dict.fromkeys(level.load.others for level in row):
                at = [level for level in row if level.load.others == others]
                knee = find_knee(at, budget_ended=budget_ended)
                if knee is not None:
                    found.append(knee)
    return tuple(found)
