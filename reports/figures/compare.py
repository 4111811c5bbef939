"""Ratios of levels, always with their intervals, and what is compared with what."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

from records.cells.cell import Cell
from records.services.variants import BASELINE
from reports.figures.load import Load
from reports.figures.pooling.alike import more_than_named, reached_apart, set_apart
from reports.figures.pooling.requested import workload_mismatch
from reports.figures.pooling.rows import PooledRow
from reports.figures.ratios import Ratios, common, same
from reports.figures.stats import Estimate
from reports.figures.summary import CONFIG_ORDER, OperatingPoint
from workloads.workload import Workload

BOTTLENECK_RATIO = 1.5


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
    common: int
    """How many repeats both have: the ratios are over these, or, of fewer than two, of unpaired repeats."""
    workload_mismatch: tuple[str, ...]
    """In what the two loads differ: then the ratio is of two loads."""
    differ_in: tuple[str, ...]
    """In what the two services differ beyond their names: then no ratio is given."""
    of_one_variant: bool = False
    """Does it say what a change is worth, of code, settings or machine?"""


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
    workload_mismatch: tuple[str, ...]
    """In what the two loads differ: then the ratio is of two loads."""
    set_apart: tuple[str, ...]
    """The settings in which the two differ, which is theirs to do."""
    differ_in: tuple[str, ...]
    """The stages that run other code: then no ratio is given."""
    paired: bool = True
    """Whether both have the same repeats, and how many both have, as in a `Comparison`."""
    common: int = 0
    reached_apart: tuple[str, ...] = ()
    """In what the ways to the two differ, which is in their ratio."""

    @property
    def second_is_bottleneck(self) -> bool:
        """It has much less throughput, and not by chance."""
        ratio = self.throughput
        if ratio is None or self.workload_mismatch:
            return False
        return ratio.value > BOTTLENECK_RATIO and ratio.excludes_one


def differ(levels: Sequence[OperatingPoint], *, own: Collection[str] = ()) -> tuple[str, ...]:
    """In what the loads of all valid cells differ, ``own`` left out.

    Another deployment may have another API: its path, headers and dialect, and with the dialect the body,
    count within one deployment only.
    """
    cells = [cell.cell for level in levels for cell in level.valid_cells]
    but = set(own)
    if len({cell.deployment for cell in cells}) > 1:
        but |= {"path", "headers", "header_marks", "dialect"}
        if "dialect" in workload_mismatch(cells):
            but.add("body")
    return workload_mismatch(cells, but=but)


def deployments_of(levels: Sequence[OperatingPoint]) -> list[str]:
    """In the order in which ``summarise`` put them."""
    return list(dict.fromkeys(level.deployment for level in levels))


def configs_of(levels: Sequence[OperatingPoint]) -> list[str]:
    """The rows' names: of the mocks first, in their order, then as ``summarise`` put them."""
    variants = {level.config: level.row.variant for level in levels}
    known = {name: place for place, name in enumerate(CONFIG_ORDER)}
    return sorted(variants, key=lambda config: known.get(variants[config], len(known)))


def reference_of(levels: Sequence[OperatingPoint], wanted: str | None, given: Sequence[str]) -> PooledRow:
    """The row of one deployment that others are compared with: the ``wanted`` one (by its name, its
    variant's or its run's), else the baseline, else the first one ``given``, else the first there is."""
    rows = [next(lv.row for lv in levels if lv.config == config) for config in configs_of(levels)]
    for name in (wanted, BASELINE.name, *given):
        for row in rows:
            if name in (row.config, row.variant) or (row.told and name == row.difference):
                return row
    return rows[0]


def _compared_with(row: PooledRow, reference: PooledRow, rows: Collection[PooledRow]) -> Iterator[PooledRow]:
    """Rows of one variant are compared with the reference's that differs from it in the variant alone, if
    there is one; and among themselves with that which has what the reference has, or is the first."""
    alike = [one for one in rows if one.variant == reference.variant]
    own = [one for one in rows if one.variant == row.variant]
    if row.variant != reference.variant:
        yield next((one for one in alike if one.difference == row.difference), reference)
    first = next((one for one in own if one.difference == reference.difference), own[0])
    if row != first:
        yield first


def by_workload(levels: Sequence[OperatingPoint]) -> list[list[OperatingPoint]]:
    """The levels of each workload: what is measured otherwise is never compared."""
    groups: dict[str, list[OperatingPoint]] = {}
    for level in levels:
        groups.setdefault(level.workload.name, []).append(level)
    return list(groups.values())


def _believed(*levels: OperatingPoint) -> tuple[list[Cell], ...]:
    """The valid cells of each level; all of one that has none, which enters no ratio anyway."""
    return tuple([cell.cell for cell in level.valid_cells or level.cells] for level in levels)


def compare_configs(
    levels: Sequence[OperatingPoint],
    ratios: Ratios,
    *,
    reference: str | None = None,
    given: Sequence[str] = (),
) -> tuple[Comparison, ...]:
    """Every row against its reference (`reference_of`), level by level."""

    def each() -> Iterator[Comparison]:
        for deployment, group in product(deployments_of(levels), by_workload(levels)):
            own = [level for level in group if level.deployment == deployment]
            if not own:
                continue
            chosen = reference_of(own, reference, given)
            by_row = {(level.row, level.load): level for level in own}
            rows = list(dict.fromkeys(level.row for level in own))
            for level in own:
                for row in _compared_with(level.row, chosen, rows):
                    other = by_row.get((row, level.load))
                    if other is not None:
                        yield comparison(level, other, ratios)

    return tuple(each())


def comparison(level: OperatingPoint, other: OperatingPoint, ratios: Ratios) -> Comparison:
    """How many times faster a level is than another one of the same load."""
    more = more_than_named(*_believed(other, level), named=level.row.named | other.row.named)
    return Comparison(
        deployment=level.deployment,
        config=level.config,
        reference=other.config,
        load=level.load,
        workload=level.workload,
        throughput=None if more else ratios.throughput(level, other),
        compared=None if more else ratios.compared(level, other),
        paired=same(level, other),
        common=len(common(level, other)),
        workload_mismatch=differ((level, other)),
        differ_in=more,
        of_one_variant=level.row.variant == other.row.variant,
    )


def compare_deployments(levels: Sequence[OperatingPoint], ratios: Ratios) -> tuple[DeploymentRatio, ...]:
    """The original's ratio: of the first deployment and each other one."""
    names = deployments_of(levels)
    found = []
    for second, config, group in product(names[1:], configs_of(levels), by_workload(levels)):
        by_key = {(level.deployment, level.config, level.load): level for level in group}
        for load in sorted({level.load for level in group if level.config == config}):
            a, b = by_key.get((names[0], config, load)), by_key.get((second, config, load))
            both = _believed(a, b) if a and b else None
            more = more_than_named(*both) if both else ()
            found.append(
                DeploymentRatio(
                    config=config,
                    load=load,
                    first=names[0],
                    second=second,
                    workload=group[0].workload,
                    throughput=ratios.throughput(a, b) if a and b and not more else None,
                    compared=ratios.compared(a, b) if a and b and not more else None,
                    workload_mismatch=differ((a, b)) if a and b else (),
                    set_apart=set_apart(*both) if both else (),
                    reached_apart=reached_apart(*both) if both else (),
                    paired=same(a, b) if a and b else True,
                    common=len(common(a, b)) if a and b else 0,
                    differ_in=more,
                )
            )
    return tuple(found)
