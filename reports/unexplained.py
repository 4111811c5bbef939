"""Of a service that does not time its own stages: what its figures say all the same, and what to look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.compare import Knee
from reports.document import listed, number, users
from reports.finding import Finding
from reports.knee import GROWTH
from reports.stats import Estimate
from reports.summary import Level


def without_stages(levels: Sequence[Level]) -> bool:
    """Were there good answers, and none of them with stage times? ``levels``: of one deployment."""
    good = [r for level in levels for cell in level.valid_cells for r in cell.timed]
    return bool(good) and not any(r.stages for r in good)


def blind(deployments: Sequence[str]) -> Finding:
    """That nothing is known of their parts, and what to do next."""
    give, one = ("gives", "it") if len(deployments) == 1 else ("give", "them")
    its = "its" if one == "it" else "their"
    return Finding(
        text=f"{listed(deployments)} {give} no stage times, so which part of {one} takes the TTFT is not "
        f"known: look at {its} CPU under load (profile --port PORT) and {its} log, or have {one} send "
        "timings (README: Stage times).",
        extra=True,
    )


def waiting(deployment: str, config: str, knee: Knee | None, levels: Sequence[Level]) -> Iterator[Finding]:
    """Do requests wait? Then more users bring no more answers, and longer times instead."""
    own = [level for level in levels if level.valid and level.config == config and level.load.closed]
    text = _waits(deployment, knee, own) if without_stages(levels) else ""
    if text:
        yield Finding(text=text, short=text)


def _waits(deployment: str, knee: Knee | None, levels: Sequence[Level]) -> str:
    if knee is None or knee.concurrency is None:
        return ""
    at = next((level for level in levels if level.load.users == knee.concurrency), None)
    top = max(levels, key=lambda level: level.load, default=None)
    if at is None or top is None or top.load.users <= at.load.users:
        return ""
    before, after = at.figures, top.figures
    if before.rps is None or after.rps is None or after.rps.value > GROWTH * before.rps.value:
        return ""
    least = 1 + (top.load.users / at.load.users - 1) / 2
    ttft, e2e = _grown(before.ttft_p50, after.ttft_p50), _grown(before.e2e_p50, after.e2e_p50)
    if max(ttft, e2e) < least:
        return ""
    name, one, other = ("TTFT", before.ttft_p50, after.ttft_p50)
    what = "requests wait inside the service, or for what it asks"
    if ttft < least:
        name, one, other = ("E2E", before.e2e_p50, after.e2e_p50)
        what = "answers take longer once they have begun"
    if one is None or other is None:
        return ""
    return (
        f"{deployment}: from {at.load.users} to {users(top.load.users)} {name} p50 grows from "
        f"{number(one.value)} to {number(other.value)} ms and RPS does not: {what}."
    )


def _grown(before: Estimate | None, after: Estimate | None) -> float:
    return after.value / before.value if before and after and before.value else 0.0
