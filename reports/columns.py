"""The columns that a workload's figures have in tables: heads, and what stands below them."""

from __future__ import annotations

from collections.abc import Iterable

from reports.document import spread, value
from reports.figures import Figures
from workloads.workload import Workload


def throughput_head(workload: Workload) -> str:
    return f"{workload.throughput.title} (95 %)"


def main_heads(workload: Workload) -> tuple[str, ...]:
    """Of the figures with their intervals: throughput first."""
    heads = [workload.estimates[key].heading for key in workload.columns.main]
    return (throughput_head(workload), *heads)


def main_cells(figures: Figures, *, valid: bool) -> tuple[str, ...]:
    """What ``main_heads`` are of; without the intervals where it is not valid."""
    show = spread if valid else value
    return (show(figures.throughput), *(show(figures.at(key)) for key in figures.workload.columns.main))


def heads(workload: Workload, keys: Iterable[str]) -> tuple[str, ...]:
    """Of the values alone, which are in the units of the others: those of another say so."""
    units = {workload.estimates[key].metric.unit for key in workload.columns.main}
    found = [workload.estimates[key] for key in keys]
    return tuple(one.title if one.metric.unit in units else one.heading for one in found)


def cells(figures: Figures, keys: Iterable[str]) -> tuple[str, ...]:
    """What ``heads`` are of."""
    return tuple(value(figures.at(key)) for key in keys)
