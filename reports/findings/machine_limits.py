"""What a machine keeps from a service: CPUs that others, or its own threads, take."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.machine import FILLED, GotOfMachine
from reports.evidence.service import Service
from reports.findings.finding import Effect, Evidence, Finding, Severity
from reports.findings.held import about, is_held
from reports.findings.quota import is_stopped

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
    if (share := machine.run_delay or 0.0) < DELAYED or is_stopped(machine):  # then that is why
        return
    figures = (
        Evidence(figure="share of its time to run that it waited for a CPU", value=100 * share, unit="%"),
        Evidence(figure="processor time that it got", value=machine.cpu_cores, unit="cores"),
        Evidence(figure="cores that it may take", value=machine.cores),
    )
    if machine.busy >= FILLED:
        yield _finding(
            service, "cpu-oversubscribed", share, *figures,
            advice="Let fewer threads compute at once: as many as there are cores, and OMP_NUM_THREADS=1"
            " where several callers compute",
        )  # fmt: skip
    elif (
        machine.main_thread_delay or 0.0
    ) >= DELAYED:  # of the clock's time: of next to nothing it is nothing
        yield _finding(
            service, "noisy-neighbour", min(share, MUCH / 2),  # what else is found comes first
            Evidence(
                figure="share of all the time that its event loop's thread waited for a CPU",
                value=100 * (machine.main_thread_delay or 0.0), unit="%",
            ), *figures,
            advice="Give it CPUs of its own, or a share that is kept for it: something else takes them",
        )  # fmt: skip


def _finding(service: Service, code: str, share: float, *evidence: Evidence, advice: str) -> Finding:
    bound = is_held(service)
    severity: Severity = "low" if not bound else "high" if share >= MUCH else "medium"
    return Finding(
        code=code,
        about=about(service),
        binds="throughput" if bound else "latency",
        confidence="likely",
        severity=severity,
        effect=Effect(figure="answers a second", now=service.heavy.answers_per_second),
        evidence=evidence,
        advice=advice,
    )
