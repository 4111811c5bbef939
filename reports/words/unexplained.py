"""Where requests wait: by the stages that the service times, or by its figures alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.document.sentence import Sentence
from reports.figures.knee import GROWTH
from reports.figures.knees import Knee
from reports.figures.latency_breakdown import LatencyBreakdown
from reports.figures.stats import Estimate
from reports.figures.summary import OperatingPoint
from reports.figures.text import listed, number, users
from workloads.stream import STREAM

QUEUED_SHARE = 0.2
"""Of the median TTFT in one stage's queue: less than that is not what a user waits for."""


def blind(deployments: Sequence[str], profiles: Sequence[str]) -> Sentence:
    """That nothing is known of their parts, and what to do next. ``profiles``: where their CPU is kept."""
    give, one = ("gives", "it") if len(deployments) == 1 else ("give", "them")
    its = "its" if one == "it" else "their"
    cpu = listed(profiles) if profiles else "profile --port PORT"
    return Sentence(
        text=f"{listed(deployments)} {give} no stage times, so which part of {one} takes the TTFT is not "
        f"known: look at {its} CPU under load ({cpu}) and {its} log, or have {one} send "
        "timings (docs/your-service.md: Stage times).",
        extra=True,
    )


def waiting(deployment: str, knee: Knee | None, levels: Sequence[OperatingPoint]) -> Iterator[Sentence]:
    """Do requests wait? Then more users bring no more answers, and longer times instead. ``deployment``: one
    without stage times."""
    own = [level for level in levels if level.valid and level.load.closed and knee and knee.has(level)]
    text = _waits(deployment, knee, own)
    if text:
        yield Sentence(text=text, short=text)


def queueing(latency_breakdowns: Sequence[LatencyBreakdown]) -> Iterator[Sentence]:
    """In which stage's queue do requests of one service wait at the highest load that is accounted for?"""
    believed = [one for one in latency_breakdowns if one.unattributed_ms is not None and one.queued_ms]
    if not believed:
        return
    top = max(believed, key=lambda one: one.load)
    stage = max(top.queued_ms, key=lambda name: top.queued_ms[name])
    queued = top.queued_ms[stage]
    if queued < QUEUED_SHARE * top.ttft_ms:
        return
    text = (
        f"{top.deployment}/{top.config}: at {top.load.named} requests wait in the queue of the stage {stage} "
        f"for {number(queued)} of the {number(top.ttft_ms)} ms until their first token."
    )
    yield Sentence(text=text, short=text)


def _waits(deployment: str, knee: Knee | None, levels: Sequence[OperatingPoint]) -> str:
    if knee is None or knee.concurrency is None or knee.workload.name != STREAM.name:
        return ""
    at = next((level for level in levels if level.load.users == knee.concurrency), None)
    top = max(levels, key=lambda level: level.load, default=None)
    if at is None or top is None or top.load.users <= at.load.users:
        return ""
    before, after = at.figures, top.figures
    low, high = before.throughput, after.throughput
    if low is None or high is None or high.value > GROWTH * low.value:
        return ""
    least = 1 + (top.load.users / at.load.users - 1) / 2
    ttft, e2e = ((before.at(key), after.at(key)) for key in ("ttft_p50", "e2e_p50"))
    if _grown(*ttft) >= least:
        name, (one, other) = "TTFT", ttft
        what = "requests wait inside the service, or for what it asks"
    elif _grown(*e2e) >= least:
        name, (one, other) = "E2E", e2e
        what = "answers take longer once they have begun"
    else:
        return ""
    if one is None or other is None:
        return ""
    return (
        f"{deployment}: from {at.load.users} to {users(top.load.users)} {name} p50 grows from "
        f"{number(one.value)} to {number(other.value)} ms and RPS does not: {what}."
    )


def _grown(before: Estimate | None, after: Estimate | None) -> float:
    return after.value / before.value if before and after and before.value else 0.0
