"""What nearly none of a service's requests wait for does not hold it; nor do refusals, or others' work."""

from __future__ import annotations

from collections.abc import Iterator

from reports.evidence.kinds import (
    CONNECTIONS,
    HOME_MADE,
    KNOWN,
    LOCKS,
    NAMES,
    OUTSIDE,
    SHARED_QUEUE,
    THREADS,
    TURN,
)
from reports.evidence.service import Service
from reports.findings.between.load_shed import refused
from reports.findings.common.finding import Evidence
from reports.findings.common.held import UNEXPLAINED

LITTLE = 0.02
"""Of the requests in flight."""
SEVERAL = 2
"""One alone queues for nothing."""
SHORT = 0.1
"""The share of the time in which its threads could run, and waited for a CPU: well below what is told of."""
ENOUGH = 59
"""So many requests, and none of them: then it is not one in twenty."""
QUEUES = {
    "stage-serialised": ("locks", LOCKS),
    "thread-pool-exhausted": ("threads", THREADS),
    "connection-pool-exhausted": ("connections", CONNECTIONS),
    "dns-slow": ("names", NAMES),
}
MAY_BE_HOME_MADE = ("stage-serialised", "connection-pool-exhausted")


def not_waited_for(service: Service) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """By the codes that it is not."""
    heavy = service.heavy
    yield from _queues(service)
    if heavy.machine is not None and heavy.machine.run_delay is not None and heavy.machine.run_delay <= SHORT:
        share = Evidence(
            figure="share of its time to run that it waited for a CPU",
            value=100 * heavy.machine.run_delay,
            unit="%",
        )
        yield from ((code, (share,)) for code in ("noisy-neighbour", "cpu-oversubscribed"))
    few, many = refused(service.light.level.valid_cells), refused(heavy.level.valid_cells)
    alike = service.compared and few.of >= ENOUGH and few.share >= many.share
    if many.of >= ENOUGH and (alike or not many.requests):
        light = Evidence(figure="at the lightest load", value=100 * few.share, unit="%")
        yield (
            "load-shed",
            (
                Evidence(figure="requests refused", value=100 * many.share or 0, unit="%"),
                *([light] if many.requests else []),
                Evidence(figure="requests", value=many.of),
            ),
        )


def _queues(service: Service) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """That few are seen in a queue says nothing of those that are seen nowhere, or of unknown cause."""
    heavy = service.heavy
    if heavy.inside is None or heavy.in_flight < SEVERAL:
        return
    unseen = sum(n for at, n in heavy.places.items() if at.kind == OUTSIDE or at.kind not in KNOWN)
    if unseen >= UNEXPLAINED * heavy.in_flight:
        return
    home_made = sum(
        one.requests for one in service.excesses if one.place.kind in (*HOME_MADE, SHARED_QUEUE, TURN)
    )
    for code, (what, kinds) in QUEUES.items():
        if code in MAY_BE_HOME_MADE and home_made >= UNEXPLAINED * heavy.in_flight:
            continue
        if kinds is THREADS and heavy.inside.full_pool is not None:
            continue  # who waits for what its threads make is seen elsewhere
        waiting = sum(count for place, count in heavy.places.items() if place.kind in kinds)
        if waiting <= LITTLE * heavy.in_flight:
            yield code, (Evidence(figure=f"requests that wait for {what}", value=waiting),)
