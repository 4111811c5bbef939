"""The service refuses requests: it is asked for more than it lets in."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.findings.finding import Evidence, Finding
from reports.findings.held import about

MANY = 0.02
REFUSALS = ("429", "503")


def load_shed(analysis: Analysis) -> Iterator[Finding]:
    for service in analysis.services:
        asked = [r for cell in service.heavy.level.valid_cells for r in cell.counted]
        refused = [
            r
            for r in asked
            if r.outcome == "http_error" and any(status in (r.error or "") for status in REFUSALS)
        ]
        if not asked or len(refused) < MANY * len(asked):
            continue
        yield Finding(
            code="load-shed",
            about=about(service),
            binds="throughput",
            confidence="shown",
            severity="high",
            evidence=(
                Evidence(figure="requests refused", value=len(refused)),
                Evidence(figure="of", value=len(asked)),
            ),
            advice="Raise the limit if the service has room, else run more replicas; have clients wait as"
            " Retry-After says",
        )
