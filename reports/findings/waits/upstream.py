"""Requests wait for the LLM, or another service that is called: it answers no more at a time, or slower."""

from __future__ import annotations

from collections.abc import Iterator

from records.evidence.inside import Place
from reports.analysis.analysis import Analysis
from reports.evidence.gates import slower_ms
from reports.evidence.kinds import READ, READS, RETRY
from reports.findings.common.binding import binding
from reports.findings.common.finding import Confidence, Evidence, Finding
from reports.findings.common.held import MOST, counts, held, share, waiting
from reports.findings.common.late_loop import is_met_late
from reports.findings.common.llm_part import why_no_part


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
        slower = slower_ms(service.light, service.heavy)
        if why_no_part(service, found) is not None or (slower is None and is_met_late(service)):
            continue
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


def _reads(place: Place) -> bool:
    return place.kind in READS


def _reads_a_socket(place: Place) -> bool:
    return place.kind == READ
