"""Requests wait for a thread: all of a pool's are taken."""

from __future__ import annotations

from collections.abc import Iterator

from records.evidence.inside_span import MeanExecutor
from reports.analysis.analysis import Analysis
from reports.evidence.behind import line_of_threads
from reports.evidence.inside import InsideOfCells
from reports.evidence.kinds import THREADS
from reports.evidence.libraries import family
from reports.findings.common.binding import binding
from reports.findings.common.crowded import crowded
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import counts, held, waiting, where
from reports.findings.common.stacks import stack_evidence
from reports.findings.machine.compute import fills_it

THREADS_FULL = 0.8
"""The share of its threads that has to be taken, on the mean;"""
QUEUED = 1.0
"""or so many calls wait in its queue: a load that comes in bursts fills the pool in some moments only."""
DEFAULT = ("asyncio", "uvloop")
"""What the threads of a loop's own executor are called."""


def thread_pool(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        inside = service.heavy.inside
        found = waiting(service, lambda place: place.kind in THREADS)
        if inside is None or not counts(service, found):
            continue
        if crowded(service) or fills_it(service.heavy):
            continue  # more threads would get no more of the interpreter, or of the CPUs
        full = _full(inside)
        by_default = full is not None and full.name.startswith(DEFAULT)
        blocking = _client_in_threads(inside)
        yield binding(
            service,
            "default-executor-exhausted" if by_default else "thread-pool-exhausted",
            found,
            place=where(found) or line_of_threads(inside),
            evidence=(*_of(full), *stack_evidence(service)),
            advice=(
                "Await an asynchronous client of the LLM, which needs no thread while it waits"
                if blocking
                else "Await what the library has natively, or give this work an executor of its own with more"
                " threads, or processes if it computes: the default one has min(32, CPUs + 4)"
                if by_default
                else "Give the pool more threads if they wait for something else; if they compute, give the"
                " work processes or cores"
            ),
        )


def _full(inside: InsideOfCells) -> MeanExecutor | None:
    taken = [
        one
        for one in inside.executors
        if one.most and not one.processes and (one.busy >= THREADS_FULL * one.most or one.queued >= QUEUED)
    ]
    return max(taken, key=lambda one: (one.queued, one.busy), default=None)


def _of(full: MeanExecutor | None) -> tuple[Evidence, ...]:
    if full is None or full.most is None:
        return ()
    return (
        Evidence(figure="threads of the pool", value=full.most),
        Evidence(figure="taken", value=full.busy),
        Evidence(figure="calls in its queue", value=full.queued),
    )


def _client_in_threads(inside: InsideOfCells) -> bool:
    """Most threads of the app's wait in an LLM's client."""
    total = sum(count for _, count in inside.in_threads)
    of_llm = sum(count for work, count in inside.in_threads if family(work) == "llm-client")
    return of_llm > total / 2
