"""At a fixed rate (an open loop), in words: throughput is the load's own there, so what tells is the latency,
and how much of what was offered was served."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.figures.compare import Comparison, DeploymentRatio
from reports.figures.due import due_per_second
from reports.figures.load import Load
from reports.figures.stats import Estimate
from reports.figures.summary import OperatingPoint
from reports.figures.text import better, listed, number, spread, times

AT_A_RATE = "At a fixed rate {} is the load's own, as long as the service keeps up: compare the {}."
"""With the titles of the throughput and of what is compared."""


def is_offered(load: Load) -> bool:
    """Is it one rate, whatever the answers do?"""
    return bool(load.rate) and not load.shape


def offered(who: str, levels: Sequence[OperatingPoint]) -> str:
    """What one row served of its highest rate, and how fast; empty: no valid level of it has a rate."""
    own = sorted((lv for lv in levels if lv.valid and is_offered(lv.load)), key=lambda lv: lv.load)
    if not own:
        return ""
    top, lowest = own[-1], own[0]
    text = f"{who} served {_share(served(top))} of the requests offered at {top.load.named}"
    if (median := top.figures.median) is None:
        return text
    metric = top.workload.median
    text += f", with {metric.title} of {spread(median)} {metric.metric.unit}".rstrip()
    if lowest is not top and lowest.figures.median is not None:
        text += f" ({number(lowest.figures.median.value)} at {lowest.load.named})"
    return text


def served(level: OperatingPoint) -> Estimate | None:
    """Percent: good answers a second over the requests that were due. An answer or two more, to what was due
    before, are no more than all."""
    found = level.figures.throughput
    if found is None or not level.load.rate:
        return None
    offered = due_per_second(level) or level.load.rate
    low, value, high = (
        end if end is None else min(100.0, 100 * end / offered)
        for end in (found.low, found.value, found.high)
    )
    return Estimate(value=value or 0.0, low=low, high=high)


def gained(c: Comparison) -> str:
    """``has TTFT p50 1.50x (1.40-1.60) worse than healthy``, or that no difference is shown."""
    metric = c.workload.median.title
    if c.compared is None:
        return f"cannot be compared in {metric} with {c.reference}"
    if c.compared.excludes_one:
        return f"has {metric} {better(c.compared)} than {c.reference}"
    return f"shows no difference in {metric} to {c.reference}, {times(c.compared)}"


def served_by(analysis: Analysis, compared: Sequence[Comparison]) -> str:
    """How much each of them served, and their reference."""
    pairs = ((c.deployment, config, c.load) for c in compared for config in (c.reference, c.config))
    return _listed(
        (config, _level(analysis, name, config, load)) for name, config, load in dict.fromkeys(pairs)
    )


def served_in(analysis: Analysis, ratio: DeploymentRatio) -> str:
    """The same of two deployments."""
    names = (ratio.first, ratio.second)
    return _listed((name, _level(analysis, name, ratio.config, ratio.load)) for name in names)


def _level(analysis: Analysis, deployment: str, config: str, load: Load) -> OperatingPoint | None:
    wanted = (deployment, config, load)
    return next((lv for lv in analysis.levels if (lv.deployment, lv.config, lv.load) == wanted), None)


def _listed(found: Iterator[tuple[str, OperatingPoint | None]]) -> str:
    each = [
        f"{name} served {_share(served(level))}" for name, level in found if level is not None and level.valid
    ]
    return f"of the requests offered {listed(each)}"


def _share(percent: Estimate | None) -> str:
    if percent is None or percent.low is None or percent.high is None:
        return "-" if percent is None else f"{number(percent.value)} %"
    return f"{number(percent.value)} % ({number(percent.low)}-{number(percent.high)})"
