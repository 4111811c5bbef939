"""Which points are one service under more and more of the same load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.figures.summary import OperatingPoint


def rising(levels: Sequence[OperatingPoint]) -> Iterator[tuple[OperatingPoint, ...]]:
    """Each row's valid points that differ in users or in their rate alone, the lightest first."""
    rows: dict[tuple[object, ...], list[OperatingPoint]] = {}
    for level in levels:
        if level.valid:
            rows.setdefault(_row(level), []).append(level)
    for own in rows.values():
        yield tuple(sorted(own, key=lambda level: level.load))


def _row(level: OperatingPoint) -> tuple[object, ...]:
    load = level.load
    return level.deployment, level.config, level.workload.name, load.closed, load.others


def lighter(levels: Sequence[OperatingPoint], of: OperatingPoint) -> list[OperatingPoint]:
    """The lighter points of the same row, valid or not, the lightest first."""
    found = [one for one in levels if _row(one) == _row(of) and one.load < of.load]
    return sorted(found, key=lambda one: one.load)


def lightest(levels: Sequence[OperatingPoint], of: OperatingPoint) -> OperatingPoint | None:
    """The lightest valid point of the same row, lighter than this one."""
    return next((one for one in lighter(levels, of) if one.valid), None)
