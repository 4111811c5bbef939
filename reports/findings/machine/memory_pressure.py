"""The service has too little memory: it waits for it, meets its limit often, or is killed for want of it."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.evidence.memory import Memory, memory_of
from reports.figures.summary import OperatingPoint
from reports.findings.common.finding import Confidence, Effect, Evidence, Finding, Severity
from reports.findings.common.heaviest import OF_THE_SERVICE, heaviest
from reports.findings.common.held import is_held, is_late

PRESSED = 0.1
"""Share of the time from which on it matters."""
MUCH = 0.5
NEARLY_FULL, OFTEN_HIT = 0.95, 2
"""The share of its limit that it has, and how often it was met, from which on pages are thrown out."""


def memory_pressure(analysis: Analysis) -> Iterator[Finding]:
    held = {(one.deployment, one.config) for one in analysis.services if is_held(one)}
    well = {(one.deployment, one.config) for one in analysis.services if not is_late(one)} - held
    for level, cells in heaviest(analysis, but=OF_THE_SERVICE):
        seen = memory_of(cells)
        own = (level.deployment, level.config)
        if seen is not None and (is_at_limit(seen) if own in well else is_pressed(seen)):
            yield _finding(level, seen, bound=own in held)


def is_pressed(seen: Memory) -> bool:
    return is_at_limit(seen) or (seen.pressure or 0.0) >= PRESSED


def is_at_limit(seen: Memory) -> bool:
    """The service itself is: that matters however well it still answers."""
    hits = seen.limit_hits >= OFTEN_HIT and (seen.full or 0.0) >= NEARLY_FULL
    return bool(seen.kills) or hits


def _finding(level: OperatingPoint, seen: Memory, *, bound: bool) -> Finding:
    share, answers = seen.pressure or 0.0, level.figures.throughput
    of_others = not (seen.own or seen.kills or seen.limit_hits)
    sure: Confidence = "shown" if seen.kills else "possible" if of_others else "likely"
    severity: Severity = (
        "high" if seen.kills else "low" if not bound else "high" if share >= MUCH else "medium"
    )
    figures = [
        Evidence(
            figure="share of the time in which something waited for memory", value=100 * share, unit="%"
        ),
        Evidence(figure="processes killed for want of it", value=seen.kills),
    ]
    if seen.used_mb is not None and seen.limit_mb is not None:
        figures += [
            Evidence(figure="memory that it had at most", value=seen.used_mb, unit="MB"),
            Evidence(figure="its limit", value=seen.limit_mb, unit="MB"),
            Evidence(figure="times that it met the limit", value=seen.limit_hits),
        ]
    return Finding(
        code="memory-pressure",
        about=Subject.of(level),
        compares_loads=False,
        binds="throughput" if bound or seen.kills else "latency",
        confidence=sure,
        severity=severity,
        effect=None if answers is None else Effect(figure="answers a second", now=answers.value),
        evidence=tuple(figures),
        advice="Raise the memory limit, or keep one copy of the model for all workers"
        if not of_others
        else "See what takes the machine's memory: nothing tells whether it is this service",
    )
