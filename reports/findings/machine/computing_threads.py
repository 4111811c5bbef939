"""Threads compute in Python: they wait for each other, as one process runs one of them at a time."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.interpreter import Crowd
from reports.findings.common.binding import binding
from reports.findings.common.crowded import crowded
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import held
from reports.findings.loop.on_loop import INTERPRETER

COMPUTE_LESS = (
    "Compute less in Python for each answer, or in a library that does it outside of the interpreter: its"
    " threads run one at a time, and more worker processes gain only where there are more cores"
)


def computing_threads(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        if (found := crowded(service)) is None:
            continue
        threads, excess = found
        room = threads.cores > threads.processes
        yield binding(
            service,
            INTERPRETER.code,
            excess,
            place=threads.line,
            sure="likely" if threads.taken is None else None,
            evidence=(
                Evidence(figure="threads of a process that compute at a time", value=threads.threads),
                *_taken(threads),
                Evidence(figure="processor time", value=threads.cpu_cores, unit="cores"),
                Evidence(figure="cores that it may take", value=threads.cores),
            ),
            advice=f"{INTERPRETER.advice}, and more threads gain nothing" if room else COMPUTE_LESS,
        )


def _taken(threads: Crowd) -> tuple[Evidence, ...]:
    if threads.taken is None:
        return ()
    return (
        Evidence(
            figure="share of the time in which another thread has the interpreter",
            value=100 * threads.taken,
            unit="%",
        ),
    )
