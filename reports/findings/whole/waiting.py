"""Where requests wait: by the stages that the service times, or by its figures alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.evidence.latency_breakdown import LatencyBreakdown
from reports.figures.knee import GROWTH
from reports.figures.knees import Knee
from reports.figures.stats import Estimate
from reports.figures.summary import OperatingPoint
from workloads.stream import STREAM

QUEUED_SHARE = 0.2
"""Of the median TTFT in one stage's queue: less than that is not what a user waits for."""
TIMES = (("ttft_p50", "TTFT"), ("e2e_p50", "E2E"))
"""What may grow in place of throughput, with its title; the first that does is said."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """More users bring no more answers, and longer times instead."""

    since: OperatingPoint
    """Where throughput stops growing,"""
    top: OperatingPoint
    """and the heaviest load beyond."""
    time: str
    """One of TIMES, by its title."""
    before_ms: float
    after_ms: float


@dataclass(frozen=True, kw_only=True)
class Queueing:
    """Requests wait in a stage's queue."""

    at: LatencyBreakdown
    stage: str
    queued_ms: float


def waiting(knee: Knee | None, levels: Sequence[OperatingPoint]) -> Waiting | None:
    """Do requests of a service without stage times wait?"""
    if knee is None or knee.concurrency is None or knee.workload.name != STREAM.name:
        return None
    own = [level for level in levels if level.valid and level.load.closed and knee.has(level)]
    at = next((level for level in own if level.load.users == knee.concurrency), None)
    top = max(own, key=lambda level: level.load, default=None)
    if at is None or top is None or top.load.users <= at.load.users:
        return None
    low, high = at.figures.throughput, top.figures.throughput
    if low is None or high is None or high.value > GROWTH * low.value:
        return None
    least = 1 + (top.load.users / at.load.users - 1) / 2
    for key, title in TIMES:
        before, after = at.figures.at(key), top.figures.at(key)
        if before and after and _grown(before, after) >= least:
            return Waiting(since=at, top=top, time=title, before_ms=before.value, after_ms=after.value)
    return None


def queueing(latency_breakdowns: Sequence[LatencyBreakdown]) -> Queueing | None:
    """In which stage's queue do requests of one service wait at the highest load that is accounted for?"""
    believed = [one for one in latency_breakdowns if one.unattributed_ms is not None and one.queued_ms]
    if not believed:
        return None
    top = max(believed, key=lambda one: one.load)
    stage = max(top.queued_ms, key=lambda name: top.queued_ms[name])
    queued = top.queued_ms[stage]
    return None if queued < QUEUED_SHARE * top.ttft_ms else Queueing(at=top, stage=stage, queued_ms=queued)


def _grown(before: Estimate, after: Estimate) -> float:
    return after.value / before.value if before.value else 0.0
