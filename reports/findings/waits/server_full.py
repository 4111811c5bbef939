"""A server that answers in threads, or one request a process, has none free: further requests are not met."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.behind import line_of_threads
from reports.evidence.inside import THREADS_FULL
from reports.evidence.kinds import OUTSIDE
from reports.findings.common.binding import binding
from reports.findings.common.crowded import crowded
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import MOST, held, share, waiting
from reports.findings.machine.compute import fills_it


def server_full(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        inside = service.heavy.inside
        found = waiting(service, lambda place: place.kind == OUTSIDE)
        # With a loop it is that which does not meet them.
        if inside is None or inside.looped or share(found) < MOST or crowded(service):
            continue
        if fills_it(service.heavy):
            continue
        if inside.requests < THREADS_FULL * max(1, inside.servers):
            continue  # it has room: something else keeps them
        yield binding(
            service,
            "thread-pool-exhausted",
            found,
            place=line_of_threads(inside),
            evidence=(
                Evidence(figure="requests that it answers at a time", value=inside.requests),
                Evidence(figure="processes of the server", value=inside.servers),
            ),
            advice="Give the server more threads or processes (gunicorn: --threads, --workers): each answers"
            " one request at a time, and further ones wait to be taken",
        )
