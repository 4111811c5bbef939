"""Which points are one service under more and more of the same load."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.figures.summary import OperatingPoint


def rising(levels: Sequence[OperatingPoint]) -> Iterator[tuple[OperatingPoint, ...]]:
    """Each row's valid points that differ in users or in their rate alone, the lightest first."""
    rows: dict[tuple[object, ...], list[OperatingPoint]] = {}
    for level in levels:
        if level.valid:
            load = level.load
            key = level.deployment, level.config, level.workload.name, load.closed, load.others
            rows.setdefault(key, []).append(level)
    for own in rows.values():
        yield tuple(sorted(own, key=lambda level: level.load))
