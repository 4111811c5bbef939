"""The service refuses requests: it is asked for more than it lets in."""

from __future__ import annotations

from collections.abc import Iterator

from records.cells.request import RequestRecord
from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.findings.finding import Effect, Evidence, Finding
from reports.findings.heaviest import heaviest

MANY = 0.02
REFUSALS = ("429", "503")


def load_shed(analysis: Analysis) -> Iterator[Finding]:
    for level, cells in heaviest(analysis, but=("failures",)):
        asked = [request for cell in cells for request in cell.counted]
        refused = sum(map(is_refused, asked))
        if not asked or refused < MANY * len(asked):
            continue
        yield Finding(
            code="load-shed",
            about=Subject.of(level),
            binds="throughput",
            confidence="shown",
            severity="high",
            effect=Effect(figure="requests refused", unit="%", now=100 * refused / len(asked)),
            evidence=(
                Evidence(figure="requests refused", value=refused),
                Evidence(figure="requests", value=len(asked)),
            ),
            advice="Raise the limit if the service has room, else run more replicas; have clients wait as"
            " Retry-After says",
        )


def is_refused(request: RequestRecord) -> bool:
    return request.outcome == "http_error" and any(status in (request.error or "") for status in REFUSALS)
