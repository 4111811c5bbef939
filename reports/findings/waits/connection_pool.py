"""Requests wait for a connection: the client's pool allows fewer than there are requests."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.kinds import CONNECTIONS
from reports.findings.common.binding import binding
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import counts, held, waiting


def connection_pool(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        found = waiting(service, lambda place: place.kind in CONNECTIONS)
        if not counts(service, found):
            continue
        upstream = service.heavy.upstream
        yield binding(
            service,
            "connection-pool-exhausted",
            found,
            evidence=()
            if upstream is None
            else (Evidence(figure="requests at a time that the LLM server got", value=upstream.in_flight),),
            advice="Raise the limits of the client's connection pool to the requests that are to be served at"
            " a time, or share one client that has them (over HTTP/2 the server limits the streams of a"
            " connection: use more connections there)",
        )
