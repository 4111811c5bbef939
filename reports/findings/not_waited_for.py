"""What nearly none of a service's requests wait for does not hold it; nor do refusals, or others' work."""

from __future__ import annotations

from collections.abc import Iterator

from reports.evidence.kinds import CONNECTIONS, LOCKS, NAMES, THREADS
from reports.evidence.service import Service
from reports.findings.finding import Evidence
from reports.findings.load_shed import is_refused

LITTLE = 0.02
"""Of the requests in flight."""
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


def not_waited_for(service: Service) -> Iterator[tuple[str, tuple[Evidence, ...]]]:
    """By the codes that it is not."""
    heavy = service.heavy
    if heavy.inside is not None and heavy.in_flight:
        for code, (what, kinds) in QUEUES.items():
            waiting = sum(count for place, count in heavy.places.items() if place.kind in kinds)
            if waiting <= LITTLE * heavy.in_flight:
                yield code, (Evidence(figure=f"requests that wait for {what}", value=waiting),)
    if heavy.machine is not None and heavy.machine.run_delay is not None and heavy.machine.run_delay <= SHORT:
        share = Evidence(
            figure="share of its time to run that it waited for a CPU",
            value=100 * heavy.machine.run_delay,
            unit="%",
        )
        yield from ((code, (share,)) for code in ("noisy-neighbour", "cpu-oversubscribed"))
    asked = [one for cell in heavy.level.valid_cells for one in cell.counted]
    if len(asked) >= ENOUGH and not any(map(is_refused, asked)):
        yield (
            "load-shed",
            (
                Evidence(figure="requests refused", value=0, unit="%"),
                Evidence(figure="requests", value=len(asked)),
            ),
        )
