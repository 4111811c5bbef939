"""Requests wait for an answer from elsewhere: the LLM server's record shows that it has no part in it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.excess import Excess
from reports.evidence.service import Service
from reports.findings.common.binding import binding
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import MOST, held, requests_of, share, waiting
from reports.findings.waits.upstream import has_no_part

READ = "socket-read"
ADVICE = (
    "Give the service that is called there more capacity, or call it less: keep what it answered, or ask for"
    " several things at once"
)
PERHAPS = "nobody asked the LLM server that has a record, so that it may be an LLM of this app's own"
OTHERS = 0.5
"""The share of the LLM's requests that has to be seen to read elsewhere, for these to be others."""


def dependency(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        record = service.heavy.upstream
        found = _at_one_line(service)
        if record is None or not has_no_part(service, found) or share(found) < MOST:
            continue
        line = found[0].place.where
        reads = {place: count for place, count in service.heavy.places.items() if place.kind == READ}
        there = sum(count for place, count in reads.items() if place.where == line)
        elsewhere = sum(reads.values()) - there
        # What the LLM has and is not seen to read elsewhere reads there.
        others = there - max(0.0, record.in_flight - elsewhere)
        if elsewhere < OTHERS * record.in_flight or others < requests_of(found):
            continue  # it may be the LLM's answer, on its way
        yield binding(
            service,
            "dependency-bound",
            found,
            sure="likely",
            evidence=(
                Evidence(figure="requests that read from elsewhere", value=elsewhere),
                Evidence(figure="requests at a time that the LLM server got", value=record.in_flight),
            ),
            advice=ADVICE if record.requests else f"{ADVICE} ({PERHAPS})",
        )


def _at_one_line(service: Service) -> tuple[Excess, ...]:
    """The line at which most of the excess reads."""
    found = waiting(service, lambda place: place.kind == READ and bool(place.where))
    lines: Counter[str] = Counter()
    for one in found:
        lines[one.place.where] += one.requests  # type: ignore[assignment]
    most = max(lines, key=lambda line: lines[line], default="")
    return tuple(one for one in found if one.place.where == most)
