"""A service that does not scale, and none of the causes that are known was found: how much is unexplained."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.findings.finding import Effect, Evidence, Finding
from reports.findings.held import about, held
from reports.findings.stacks import stack_evidence

BESIDE = frozenset(("noisy-neighbour",))
"""What comes from outside explains nothing of the service."""


def unknown(analysis: Analysis, found: Sequence[Finding]) -> Iterator[Finding]:
    """``found``: what the others say of the same analysis."""
    named = {one.about for one in found if one.binds == "throughput" and one.code not in BESIDE}
    yield from _one_load(analysis, {finding.about for finding in found})
    for service in held(analysis):
        if about(service) in named or not service.compared:
            continue
        most = service.excesses[:1]
        looked = service.heavy.inside is not None
        yield Finding(
            code="unknown",
            about=about(service),
            where=(most[0].place.where or most[0].place.at) if most else "",
            binds="throughput",
            confidence="possible",
            severity="medium" if looked else "info",
            effect=Effect(figure="answers a second", now=service.heavy.answers_per_second),
            evidence=(
                Evidence(figure="requests that wait because of the load", value=service.excess),
                Evidence(figure="requests in flight", value=service.heavy.in_flight),
                *(Evidence(figure=f"of them at {one.place.kind}", value=one.requests) for one in most),
                *stack_evidence(service),
            ),
            advice=f"Most of them are in {most[0].place.kind} there, of unknown cause: see what waits there"
            if looked and most
            else "Nobody looked inside: start the service by the sweep (--deployment run:COMMAND), so that it"
            " can be seen where its requests wait",
        )


def _one_load(analysis: Analysis, named: Collection[Subject]) -> Iterator[Finding]:
    """Of one load alone, and no queue to be seen, nobody knows whether it scales."""
    for service in analysis.services:
        if service.compared or about(service) in named:
            continue
        yield Finding(
            code="unknown",
            about=about(service),
            binds="nothing",
            confidence="possible",
            severity="info",
            evidence=(Evidence(figure="loads measured", value=len(service.points)),),
            advice="Measure a light load beside a heavy one (--concurrency 1,20): only what grows with it can"
            " be told from what is always there",
        )
