"""Threads compute in Python: they wait for each other, as one process runs one of them at a time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from records.evidence.inside import Work
from reports.analysis.analysis import Analysis
from reports.evidence.behind import IN_THREADS
from reports.evidence.inside import InsideOfCells
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import MOST, binding, held, share, waiting
from reports.findings.loop.event_loop import FULL

SEVERAL = 2.0
"""So many have to compute at a time for one to wait for another;"""
MOST_CORES = 1.2
"""and a process takes no more than one core for all of them, but for what its libraries compute."""
LEAST_CORES = 0.8


def computing_threads(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        inside, machine = service.heavy.inside, service.heavy.machine
        found = waiting(service, lambda place: place.kind in IN_THREADS)
        if inside is None or machine is None or share(found) < MOST:
            continue
        threads, line = _computing(inside)
        processes = max(1, inside.servers)
        if threads / processes < SEVERAL or machine.cpu_cores > MOST_CORES * processes:
            continue
        if machine.wanted_cores < LEAST_CORES * processes:
            continue
        yield binding(
            service,
            FULL.code,
            found,
            place=line,
            sure="likely",
            evidence=(
                Evidence(figure="threads that compute in Python", value=threads),
                Evidence(figure="processor time", value=machine.cpu_cores, unit="cores"),
            ),
            advice=f"{FULL.advice}; a thread gains nothing for what Python itself computes",
        )


def _computing(inside: InsideOfCells) -> tuple[float, str]:
    """How many threads are in a line of the app's own that calls nothing, and the line of the most."""
    own: Counter[Work] = Counter()
    for work, count in inside.in_threads:
        if not work.called and not work.doing:
            own[work] += count  # type: ignore[assignment]
    return own.total(), max(own, key=lambda work: own[work]).where if own else ""
