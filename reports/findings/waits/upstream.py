"""Requests wait for the LLM, or another service that is called: it answers no more at a time, or slower."""

from __future__ import annotations

from collections.abc import Iterator

from records.evidence.inside import Place
from reports.analysis.analysis import Analysis
from reports.evidence.excess import Excess
from reports.evidence.gates import slower_ms
from reports.evidence.kinds import READS, RETRY
from reports.evidence.service import Service
from reports.findings.common.binding import binding
from reports.findings.common.finding import Confidence, Evidence, Finding
from reports.findings.common.held import MOST, counts, held, share, waiting

SLOWER = 0.5
"""The share of what the load adds to an answer that the server's own record has to show."""


def upstream(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        again = waiting(service, lambda place: place.kind == RETRY)
        if share(again) >= MOST:
            yield binding(
                service,
                "llm-upstream-bound",
                again,
                sure="likely",
                advice="What is called there refuses or fails, and is tried again after a pause: send it no"
                " more at a time than it takes, or have its limit raised",
            )
            continue
        record = service.heavy.upstream
        found = waiting(service, _reads if record and record.requests else _reads_a_socket)
        if not counts(service, found):
            continue
        if has_no_part(service, found):
            continue
        slower = slower_ms(service.light, service.heavy)
        here, there = service.heavy.upstream, service.light.upstream
        seen: tuple[Evidence, ...] = ()
        sure: Confidence | None = "likely" if slower is None else None
        if here is not None and there is not None and here.requests and there.requests:
            seen = (
                Evidence(figure="the LLM server's own first token", value=here.ttft_ms, unit="ms"),
                Evidence(figure="at the lightest load", value=there.ttft_ms, unit="ms"),
                Evidence(figure="streams that it had at a time at most", value=here.busiest),
                Evidence(figure="requests queued there for", value=here.queued_ms, unit="ms"),
            )
        yield binding(
            service,
            "llm-upstream-bound",
            found,
            evidence=seen,
            sure=sure,
            advice="Give the LLM more capacity, or send it less: admit no more requests than it serves at a"
            " time, and shorten prompts and answers",
        )


def has_no_part(service: Service, found: tuple[Excess, ...]) -> bool:
    """By its own record the LLM's server became no slower, or got nothing at all at any load (of a load alone
    that it got nothing at, the record may be lost); where those are less than the cause, by what they alone
    add to an answer."""
    here, there = service.heavy.upstream, service.light.upstream
    if here is not None and there is not None and not here.requests and not there.requests:
        return True
    slower = slower_ms(service.light, service.heavy)
    added = service.waiting - sum(one.before for one in found)
    if share(found) < MOST:
        added = sum(one.requests - one.before for one in found)
    return slower is not None and slower < SLOWER * 1e3 * added / service.heavy.per_second


def _reads(place: Place) -> bool:
    return place.kind in READS


def _reads_a_socket(place: Place) -> bool:
    return place.kind == "socket-read"
