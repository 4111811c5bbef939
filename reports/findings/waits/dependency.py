"""Requests wait for an answer from elsewhere: the LLM server's record shows that it has no part in it, or its
answers are waited for in another function."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from records.evidence.inside import Place
from reports.analysis.analysis import Analysis
from reports.evidence.excess import Excess
from reports.evidence.kinds import READ
from reports.evidence.libraries import function_at
from reports.evidence.service import Service
from reports.evidence.upstream import Upstream
from reports.findings.common.binding import binding
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import ALWAYS, MOST, held, requests_of, share, waiting
from reports.findings.common.late_loop import is_met_late, was_as_late
from reports.findings.common.llm_part import MORE, why_no_part

ADVICE = (
    "Give the service that is called there more capacity, or call it less: keep what it answered, or ask for"
    " several things at once"
)
PERHAPS = "nobody asked the LLM server that has a record, so that it may be an LLM of this app's own"
OTHERS = 0.5
"""The share of the LLM's requests that has to be seen to read elsewhere, for these to be others."""


def dependency(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        found = _at_one_line(service)
        if share(found) < MOST or (is_met_late(service) and not was_as_late(service)):
            continue
        if (elsewhere := why_no_part(service, found)) is None:
            continue
        record = service.heavy.upstream
        seen = elsewhere if record is None else _of_others(service, record, found)
        if not seen:
            continue  # it may be the LLM's answer, on its way
        yield binding(
            service,
            "dependency-bound",
            found,
            # What has come is met late by a loop that is always held, be it at many places.
            sure="possible" if record is None or service.heavy.loop_held >= ALWAYS else "likely",
            evidence=seen,
            advice=ADVICE if record is None or record.requests else f"{ADVICE} ({PERHAPS})",
        )


def _of_others(service: Service, record: Upstream, found: tuple[Excess, ...]) -> tuple[Evidence, ...]:
    """Who reads elsewhere, where those at the line cannot all be the LLM's; else empty."""
    line = found[0].place.where
    reads = {place: count for place, count in service.heavy.places.items() if place.kind == READ}
    there = sum(count for place, count in reads.items() if place.where == line)
    elsewhere = sum(reads.values()) - there
    if record.requests and elsewhere > MORE * record.in_flight and _reads_elsewhere_in_it(line, reads):
        return ()  # others read elsewhere, too; and who reads streams waits for the first token
    # What the LLM has and is not seen to read elsewhere reads there.
    others = there - max(0.0, record.in_flight - elsewhere)
    if elsewhere < OTHERS * record.in_flight or others < requests_of(found):
        return ()
    return (
        Evidence(figure="requests that read from elsewhere", value=elsewhere),
        Evidence(figure="requests at a time that the LLM server got", value=record.in_flight),
    )


def _reads_elsewhere_in_it(line: str, reads: Mapping[Place, float]) -> bool:
    """Does that line's function read at another of its lines, too?"""
    own = (at for at in reads if at.where != line)
    return any(function_at(at.where) == function_at(line) for at in own)


def _at_one_line(service: Service) -> tuple[Excess, ...]:
    """The line at which most of the excess reads."""
    found = waiting(service, lambda place: place.kind == READ and bool(place.where))
    lines: Counter[str] = Counter()
    for one in found:
        lines[one.place.where] += one.requests  # type: ignore[assignment]
    most = max(lines, key=lambda line: lines[line], default="")
    return tuple(one for one in found if one.place.where == most)
