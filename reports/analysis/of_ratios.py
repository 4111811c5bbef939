"""Notes on what is compared: is it the same but for its name, and was the same requested of it?"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.figures.compare import Comparison, DeploymentRatio
from reports.figures.load import Load


@dataclass(frozen=True, kw_only=True)
class NotCompared(Note):
    """A pair that is not compared, since more differs than is named."""

    code = "not-compared"
    one: str
    other: str
    differ_in: tuple[str, ...]
    loads: tuple[Load, ...]


@dataclass(frozen=True, kw_only=True)
class WorkloadMismatch(Note):
    """Some ratios are of two loads, which differ in these keys of ``requested``."""

    code = "workload-mismatch"
    keys: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ReachedDifferently(Note):
    """Two deployments at the ends of different ways."""

    code = "reached-differently"
    first: str
    second: str
    ways: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PythonsDiffer(Note):
    """Two that are compared are served by other builds of Python; or one of them, of which then both are, by
    several, in repeats that are pooled."""

    code = "pythons-differ"
    first: str
    second: str
    of_first: str
    of_second: str


def not_compared(ratios: Sequence[Comparison | DeploymentRatio]) -> list[NotCompared]:
    """One for each pair, over the loads at which it is the same."""
    loads: dict[tuple[str, str, tuple[str, ...]], set[Load]] = {}
    for ratio in (ratio for ratio in ratios if ratio.differ_in):
        if isinstance(ratio, Comparison):
            pair = f"{ratio.deployment}/{ratio.config}", ratio.reference
        else:
            pair = f"{ratio.first}/{ratio.config}", ratio.second
        loads.setdefault((*pair, ratio.differ_in), set()).add(ratio.load)
    return [
        NotCompared(one=one, other=other, differ_in=differ, loads=tuple(sorted(at)))
        for (one, other, differ), at in loads.items()
    ]


def compared(analysis: Analysis) -> Iterator[Note]:
    ratios: list[Comparison | DeploymentRatio] = [*analysis.comparisons, *analysis.deployment_ratios]
    yield from not_compared(ratios)
    if keys := dict.fromkeys(key for ratio in ratios for key in ratio.workload_mismatch):
        yield WorkloadMismatch(keys=tuple(keys))
    apart = [ratio for ratio in analysis.deployment_ratios if ratio.reached_apart]
    if apart:
        ways = dict.fromkeys(name for ratio in apart for name in ratio.reached_apart)
        yield ReachedDifferently(first=apart[0].first, second=apart[0].second, ways=tuple(ways))
    yield from _pythons_differ(analysis)


def _pythons_differ(analysis: Analysis) -> Iterator[PythonsDiffer]:
    """Two deployments once, whatever they run; two configurations of one by their names."""
    pythons: dict[str, set[str]] = defaultdict(set)
    rows = []
    for service in analysis.services:
        seen = {one for point in service.points if point.inside for one in point.inside.pythons}
        rows.append(f"{service.deployment}/{service.config}")
        for name in (service.deployment, rows[-1]):
            pythons[name] |= seen
    deployments = [(ratio.first, ratio.second) for ratio in analysis.deployment_ratios]
    configurations = [
        (f"{ratio.deployment}/{ratio.config}", f"{ratio.deployment}/{ratio.reference}")
        for ratio in analysis.comparisons
    ]
    for first, second in dict.fromkeys([*deployments, *configurations, *((row, row) for row in rows)]):
        own, other = sorted(pythons[first]), sorted(pythons[second])
        if own and other and (own != other or (first == second and len(own) > 1)):
            yield PythonsDiffer(
                first=first, second=second, of_first=", ".join(own), of_second=", ".join(other)
            )
