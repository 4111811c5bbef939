"""Busy is taken for dead: a service that answers late is ended and started anew, and loses what it had."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.evidence.memory import memory_of
from reports.evidence.outages import Outage, outages
from reports.figures.summary import CellSummary, OperatingPoint
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.heaviest import OF_THE_SERVICE, heaviest
from reports.findings.machine.memory_pressure import is_pressed

TIMEOUT_MS = 1000.0
"""What Kubernetes gives a probe if nobody says otherwise: no usual prober gives it less."""


def liveness_kill(analysis: Analysis) -> Iterator[Finding]:
    for level, cells in heaviest(analysis, but=OF_THE_SERVICE):
        memory = memory_of(cells)
        if memory is not None and is_pressed(memory) and (memory.own or memory.kills):
            continue  # it was killed for want of memory, or is slow for that
        ended = [one for cell in cells for one in outages(cell) if _for_being_late(one)]
        if ended:
            yield _finding(level, cells, ended)


def _for_being_late(outage: Outage) -> bool:
    return outage.refused > 0 and outage.waited_ms >= TIMEOUT_MS


def _finding(level: OperatingPoint, cells: Sequence[CellSummary], ended: Sequence[Outage]) -> Finding:
    asked = sum(int(cell.every.counts.sum()) for cell in cells)
    lost = asked - sum(len(cell.every.good) for cell in cells)
    back = [one.back_after_s for one in ended if one.back_after_s is not None]
    replaced = sum(one.replaced for one in ended)
    return Finding(
        code="liveness-kill",
        about=Subject.of(level),
        compares_loads=False,
        binds="throughput",
        confidence="shown" if replaced else "likely",
        severity="high",
        effect=Effect(
            figure="requests lost", unit="%", now=100 * lost / asked if asked else 0.0, mended=None
        ),
        evidence=(
            Evidence(figure="times that it was ended", value=len(ended)),
            Evidence(figure="after each a new process was seen, in so many", value=replaced),
            Evidence(
                figure="a cheap path was waited for just before",
                value=max(one.waited_ms for one in ended),
                unit="ms",
            ),
            Evidence(figure="connections refused to probes", value=sum(one.refused for one in ended)),
            *((Evidence(figure="it answered again after", value=max(back), unit="s"),) if back else ()),
        ),
        advice="Give the liveness probe more time and failures, and a path that needs nothing of what is"
        " busy; let readiness take a busy one out of service; then fix what makes it late",
    )
