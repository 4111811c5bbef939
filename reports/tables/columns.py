"""The columns that a workload's figures have in tables: heads, and what stands below them."""

from __future__ import annotations

from collections.abc import Iterable

from reports.figures.figures import Figures
from reports.figures.text import number, spread, value
from workloads.workload import Workload


def throughput_head(workload: Workload) -> str:
    return f"{workload.throughput.title} (95 %)"


def main_heads(workload: Workload) -> tuple[str, ...]:
    """Of the figures with their intervals: throughput first."""
    heads = map(workload.heading, workload.main)
    return (throughput_head(workload), *heads)


def main_cells(figures: Figures, *, valid: bool) -> tuple[str, ...]:
    """What ``main_heads`` are of; without the intervals where it is not valid."""
    show = spread if valid else value
    return (show(figures.throughput), *(show(figures.at(key)) for key in figures.workload.main))


def shown(figures: Iterable[Figures], keys: Iterable[str]) -> tuple[str, ...]:
    """Those of the keys whose metric is for all answers, or for some that there are. ``figures``: of one
    workload."""
    found = list(figures)
    return tuple(key for key in keys if any(_has(one, key) for one in found))


def _has(figures: Figures, key: str) -> bool:
    trait = figures.workload.metric_of(key).trait
    return trait is None or figures.traits[trait.name] > 0


def heads(workload: Workload, keys: Iterable[str]) -> tuple[str, ...]:
    """Of the values alone."""
    return tuple(map(workload.heading, keys))


def cells(figures: Figures, keys: Iterable[str]) -> tuple[str, ...]:
    """What ``heads`` are of."""
    return tuple(
        value(figures.at(key)) if key in figures.workload.estimates else number(figures.means[key])
        for key in keys
    )
