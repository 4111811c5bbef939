"""What a machine keeps from a service: CPUs that others, or its own threads, take."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.machine import FILLED, GotOfMachine
from reports.evidence.service import Service
from reports.findings.common.finding import Confidence, Effect, Evidence, Finding, Severity
from reports.findings.common.held import LOSS, MOST, about, for_the_loop, is_held, share, waiting
from reports.findings.loop.event_loop import ALWAYS
from reports.findings.machine.quota import is_stopped

DELAYED = 0.3
"""Shares of the time from which on it matters."""
MUCH = 0.5


def machine_limits(analysis: Analysis) -> Iterator[Finding]:
    for service in analysis.services:
        machine = service.heavy.machine
        if machine is None:
            continue
        yield from _delayed(service, machine)


def _delayed(service: Service, machine: GotOfMachine) -> Iterator[Finding]:
    if (delayed := machine.run_delay or 0.0) < DELAYED or is_stopped(machine):  # then that is why
        return
    figures = (
        Evidence(figure="share of its time to run that it waited for a CPU", value=100 * delayed, unit="%"),
        Evidence(figure="processor time that it got", value=machine.cpu_cores, unit="cores"),
        Evidence(figure="cores that it may take", value=machine.cores),
    )
    if machine.busy >= FILLED:
        yield _finding(
            service, "cpu-oversubscribed", delayed, *figures,
            advice="Let fewer threads compute at once: as many as there are cores, and OMP_NUM_THREADS=1"
            " where several callers compute",
        )  # fmt: skip
    elif (machine.main_thread_delay or 0.0) >= DELAYED and (taken := _taken(service, machine)) is not None:
        yield _finding(
            service, "noisy-neighbour", min(delayed, MUCH / 2),  # what else is found comes first
            Evidence(
                figure="share of all the time that its event loop's thread waited for a CPU",
                value=100 * (machine.main_thread_delay or 0.0), unit="%",
            ), *taken, *figures, sure="likely" if taken else "possible",
            advice="Give it CPUs of its own, or a share that is kept for it: something else takes them",
        )  # fmt: skip


def _taken(service: Service, machine: GotOfMachine) -> tuple[Evidence, ...] | None:
    """How many requests wait for its event loop only because that waits for a CPU, a part of the time in
    which it has something to do. None: too few of all; empty where nobody looked inside."""
    if service.heavy.inside is None:
        return ()
    delay = machine.main_thread_delay or 0.0
    wanted = delay + (machine.main_thread_cpu or 0.0)
    part = delay / wanted
    # Answers that have come to a loop that always has to do are met late, and look as if they had not come.
    grown = 1.0 if wanted >= ALWAYS else min(1.0, share(waiting(service, for_the_loop)))
    if is_held(service):
        requests, of_all = part * grown * service.waiting, part * grown >= MOST
    else:
        there = sum(count for place, count in service.heavy.places.items() if for_the_loop(place))
        requests, of_all = part * there, part * there >= LOSS * service.heavy.in_flight
    return (Evidence(figure="requests that wait for that", value=requests),) if of_all else None


def _finding(
    service: Service, code: str, much: float, *evidence: Evidence, advice: str, sure: Confidence = "likely"
) -> Finding:
    bound = is_held(service)
    severity: Severity = "low" if not bound else "high" if much >= MUCH else "medium"
    return Finding(
        code=code,
        about=about(service),
        binds="throughput" if bound else "latency",
        confidence=sure,
        severity=severity,
        effect=Effect(figure="answers a second", now=service.heavy.answers_per_second),
        evidence=evidence,
        advice=advice,
    )
