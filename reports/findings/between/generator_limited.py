"""The load's own cap was reached before the service's: what was measured is the load, and not the service."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from statistics import fmean

from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.columns.requests import Manner, Requests
from reports.figures.rising import lightest
from reports.figures.summary import CellSummary, OperatingPoint, timed_of
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.heaviest import cells_but, heaviest

DROPPED = 0.05
"""The share of what was due, from which on a cell is not believed."""
SAME = 1.25
"""So many times the answer's time at the lightest load: the service is not what makes requests pile up."""
CPU, LAG = "generator-cpu", "generator-lag"
NO_MORE = ("too many open files", "cannot assign requested address")
"""What the load's own system says where it has no descriptor or port left: no service says it."""
MANY = 0.02


def generator_limited(analysis: Analysis) -> Iterator[Finding]:
    for level, _ in heaviest(analysis, but=()):
        found = _in_flight(analysis, level) or _out_of_cpu(level) or _no_more_connections(level)
        if found is not None:
            yield found


def _in_flight(analysis: Analysis, level: OperatingPoint) -> Finding | None:
    """An open loop has as many requests in flight as it may, though the service is no slower."""
    if not level.load.rate:
        return None
    cells, light = cells_but(level, ("dropped",)), lightest(analysis.levels, level)
    every = Requests.joined([cell.every for cell in cells])
    due = every.where(every.has("due_at_ns"))
    dropped = int(due.mask(lambda one: one.outcome == "dropped").sum())
    if not len(due) or dropped < DROPPED * len(due) or light is None:
        return None
    here_ms, there_ms = _service_ms(cells), _service_ms(light.valid_cells)
    if not here_ms or not there_ms or here_ms > SAME * there_ms:
        return None
    per_second = _per_second(cells)
    return _finding(
        level,
        Evidence(figure="requests that were due and never sent", value=dropped),
        Evidence(figure="requests that were due", value=len(due)),
        Evidence(figure="requests in flight at a time", value=per_second * here_ms / 1e3),
        Evidence(figure="an answer's time", value=here_ms, unit="ms"),
        Evidence(figure="at the lightest load", value=there_ms, unit="ms"),
        effect=Effect(figure="answers a second", now=per_second),
        compares_loads=True,
        advice="Allow the load more requests in flight (--max-inflight; sweep: -- --max-inflight): at least"
        " the rate times an answer's time; until then nothing is known of the service at this rate",
    )


def _out_of_cpu(level: OperatingPoint) -> Finding | None:
    if level.valid:
        return None
    failed = [check for cell in level.cells for check in cell.failed_checks if check.name == CPU]
    figures = [float(check.figure) for check in failed if isinstance(check.figure, (int, float))]
    if not figures:
        return None
    return _finding(
        level,
        Evidence(figure="share of a core that the load's busiest process used", value=max(figures), unit="%"),
        advice="Give the load more processes (locust: --processes; sweep: --workers), or another machine",
    )


def _no_more_connections(level: OperatingPoint) -> Finding | None:
    cells = cells_but(level, ("failures", "concurrency", "littles-law"))
    asked = Requests.joined([cell.counted for cell in cells])
    refused = int(asked.mask(_has_no_more).sum())
    if not len(asked) or refused < MANY * len(asked):
        return None
    return _finding(
        level,
        Evidence(figure="connections that the load's own system did not give it", value=refused),
        Evidence(figure="requests", value=len(asked)),
        advice="Raise the load's limit of open files (ulimit -n) or its range of ports, or spread it",
    )


def _has_no_more(one: Manner) -> bool:
    return one.outcome == "connect_error" and any(why in (one.error or "") for why in NO_MORE)


def _finding(
    level: OperatingPoint,
    *evidence: Evidence,
    advice: str,
    effect: Effect | None = None,
    compares_loads: bool = False,
) -> Finding:
    return Finding(
        code="generator-limited",
        about=Subject.of(level),
        compares_loads=compares_loads,
        binds="nothing",
        confidence="shown",
        severity="medium",
        effect=effect,
        evidence=evidence,
        advice=advice,
    )


def _service_ms(cells: Sequence[CellSummary]) -> float:
    """From sending: in an open loop an answer's own time begins when it was due."""
    timed = timed_of(cells)
    return fmean(((timed.ended_ns - timed.sent_ns) / 1e6).tolist()) if len(timed) else 0.0


def _per_second(cells: Sequence[CellSummary]) -> float:
    seconds = sum(cell.window.seconds for cell in cells if cell.window)
    return sum(len(cell.counted) for cell in cells) / seconds if seconds else 0.0
