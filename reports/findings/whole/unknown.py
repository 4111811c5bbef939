"""A service that does not scale, and none of the causes that are known was found: how much is unexplained."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from records.evidence.inside import READY, RUNNING, Place
from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.evidence.behind import IN_THREADS, computes, line_of_threads
from reports.evidence.kinds import HOME_MADE, OUTSIDE, QUEUE
from reports.evidence.service import Service
from reports.figures.summary import OperatingPoint
from reports.figures.text import listed
from reports.findings.common.binding import about
from reports.findings.common.blind import look_inside
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.held import is_much_held
from reports.findings.common.stacks import stack_evidence
from reports.findings.machine.compute import is_full
from reports.findings.whole.accused import accused


def unknown(analysis: Analysis, found: Sequence[Finding]) -> Iterator[Finding]:
    """``found``: what the others say of the same analysis."""
    named = accused(found)
    yield from _one_load(analysis, {finding.about for finding in found})
    for service in analysis.services:
        if about(service) in named or not is_much_held(service):
            continue
        most = service.excesses[:1]
        looked = service.heavy.inside is not None
        full = _full(service)
        yield Finding(
            code="unknown",
            about=about(service),
            where=(_computes(service) if full else "") or (_place(service, most[0].place) if most else ""),
            binds="throughput",
            confidence="possible",
            severity="medium" if looked else "info",
            effect=Effect(figure="answers a second", now=service.heavy.answers_per_second),
            evidence=(
                Evidence(figure="requests that wait because of the load", value=service.excess),
                Evidence(figure="requests in flight", value=service.heavy.in_flight),
                *(Evidence(figure=_at(one.place), value=min(one.requests, service.excess)) for one in most),
                *full,
                *stack_evidence(service),
            ),
            advice=UNKNOWN_WORK
            if full
            else _advice(most[0].place)
            if looked and most
            else _blind(analysis, service),
        )


UNKNOWN_WORK = (
    "Its CPUs are full, of a kind of work that is not known: do less of it for each answer, or give it"
    " more CPUs"
)


def _full(service: Service) -> tuple[Evidence, ...]:
    machine = service.heavy.machine
    if machine is None or not is_full(machine):
        return ()
    return (
        Evidence(figure="processor time", value=machine.cpu_cores, unit="cores"),
        Evidence(figure="cores that it may take", value=machine.cores),
    )


def _computes(service: Service) -> str:
    """The line at which most of its threads are at work."""
    inside = service.heavy.inside
    works = () if inside is None else (*inside.in_threads, *inside.running)
    found = [(work, count) for work, count in works if computes(work)]
    return max(found, key=lambda one: one[1])[0].where if found else ""


def _place(service: Service, most: Place) -> str:
    """Where its thread is, for who has one."""
    inside = service.heavy.inside
    if inside is None or most.kind not in IN_THREADS:
        return most.where or most.at
    # One that only listens is nobody's; who reads an answer waits for something that is known.
    listening = {
        work.where for work, _ in inside.in_threads if work.doing == "blocking-io" and not work.waits
    }
    line = line_of_threads(inside)
    return line if line and line not in listening else most.where or most.at


def _blind(analysis: Analysis, service: Service) -> str:
    why = look_inside(analysis, service)
    return f"To see where its requests wait, {why}"


def _advice(most: Place) -> str:
    if most.kind == OUTSIDE:
        return (
            "See how many it lets in at a time: most of them are outside of what was seen of it, in its"
            " sockets, on their way, or held without a task"
        )
    if most.kind in (READY, RUNNING):
        return (
            "See what the loop, or its CPU, has to do beside them: most of them are ready to run, and wait"
            " for their turn"
        )
    if most.kind == QUEUE:
        return (
            "See who puts something into the queue there: most of them wait until somebody does; where they"
            " themselves give back to it what they took, as a connection, let it have more of them"
        )
    if most.kind in IN_THREADS:
        return (
            "See what holds up the threads that they have there: a lock of a database or of a file, or an"
            " answer from elsewhere; most of them have one, and what it waits for is not known"
        )
    if most.kind in HOME_MADE:
        return (
            "See who ends what they wait for there, a task or another request, and how many at a time: most"
            " of them wait until somebody does"
        )
    return f"See what they wait for there ({most.kind}): most of them do, and for what is not known"


def _at(place: Place) -> str:
    return "of them, not seen inside the service" if place.kind == OUTSIDE else f"of them, at {place.kind}"


def _one_load(analysis: Analysis, named: Collection[Subject]) -> Iterator[Finding]:
    """Of one load alone, and no queue to be seen, nobody knows whether it scales. A run that tries fixes is
    at one load on purpose."""
    for service in analysis.services:
        variant = service.heavy.level.row.variant
        if service.compared or about(service) in named or variant in analysis.of_fixes:
            continue
        of_it = (service.deployment, service.config)
        spoiled = [lv for lv in analysis.levels if (lv.deployment, lv.config) == of_it and not lv.valid]
        yield Finding(
            code="unknown",
            about=about(service),
            binds="nothing",
            confidence="possible",
            severity="info",
            evidence=(
                Evidence(figure="loads with a valid cell", value=len(service.points)),
                *([Evidence(figure="loads without one", value=len(spoiled))] if spoiled else []),
            ),
            advice=f"{_first(spoiled)}: only what grows with the load can be told from what is always there",
        )


def _first(spoiled: Sequence[OperatingPoint]) -> str:
    if not spoiled:
        return "Measure a light load beside a heavy one (--concurrency 1,20)"
    loads = listed([level.load.named for level in spoiled])
    why = next((check.advice for level in spoiled for c in level.cells for check in c.failed_checks), "")
    todo = f": {why}" if why else " (the verdict says why)"
    return f"Measure {loads} again, of which no cell is valid{todo}"
