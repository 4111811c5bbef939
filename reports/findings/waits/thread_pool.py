"""Requests wait for a thread: all of a pool's are taken."""

from __future__ import annotations

from collections.abc import Iterator

from records.evidence.inside_span import MeanExecutor
from reports.analysis.analysis import Analysis
from reports.evidence.behind import line_of_threads
from reports.evidence.excess import Excess
from reports.evidence.inside import InsideOfCells
from reports.evidence.kinds import THREADS, TURN
from reports.evidence.libraries import family
from reports.evidence.service import Service
from reports.findings.common.binding import binding, effect_of
from reports.findings.common.crowded import crowded
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import MOST, counts, held, requests_of, share, waiting, where
from reports.findings.common.stacks import stack_evidence
from reports.findings.machine.compute import fills_it

DEFAULT = ("asyncio", "uvloop")
"""What the threads of a loop's own executor are called."""


def thread_pool(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        inside = service.heavy.inside
        found = waiting(service, lambda place: place.kind in THREADS)
        fed = () if counts(service, found) else fed_by_threads(service)
        if inside is None or not (fed or counts(service, found)) or not _has_room(service):
            continue
        full = inside.full_pool
        by_default = full is not None and full.name.startswith(DEFAULT)
        blocking = _client_in_threads(inside)
        yield binding(
            service,
            "default-executor-exhausted" if by_default else "thread-pool-exhausted",
            fed or found,
            place=line_of_threads(inside) if fed else where(found) or line_of_threads(inside),
            sure="likely" if fed else None,
            # They are not seen in the pool's queue, so that what it allows would seem to stay.
            effect=effect_of(service, None) if fed else None,
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


def fed_by_threads(service: Service) -> tuple[Excess, ...]:
    """Those who wait for what calls in a pool's queue are to make for them, as tokens that a thread puts into
    a queue of asyncio's, one for each; empty where the pool has room, or they are others."""
    inside = service.heavy.inside
    turn = waiting(service, lambda place: place.kind == TURN)
    if inside is None or (full := inside.full_pool) is None or share(turn) < MOST or not _has_room(service):
        return ()
    return turn if full.queued >= MOST * requests_of(turn) else ()


def _has_room(service: Service) -> bool:
    """Else more threads would get no more of the interpreter, or of the CPUs."""
    return not (crowded(service) or fills_it(service.heavy))


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
