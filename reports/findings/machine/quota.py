"""A CPU quota: threads that do not fit it use it up early in each period, and are stopped for its rest."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.loaded import LoadedPoint
from reports.evidence.machine import THROTTLED, GotOfMachine
from reports.evidence.mechanisms import cpu_ms
from reports.evidence.service import Service
from reports.findings.common.binding import about
from reports.findings.common.finding import Confidence, Effect, Evidence, Finding, Severity
from reports.findings.common.held import is_held

QUOTA_CODES = ("cpu-throttled", "cpu-oversubscribed")
MUCH = 0.5
"""The share of the periods in which it is stopped."""
LEAST_PERIOD_MS = 50.0
"""Stops within a shorter one are what less CPU is like: they come often, and none is long."""
WASTED = 1.2
"""How many times the processor time an answer takes of the same service without a quota is waste."""


def quota(analysis: Analysis) -> Iterator[Finding]:
    for service in analysis.services:
        machine = service.heavy.machine
        for name, share in _sidecars(service):
            yield _of_sidecar(service, name, share)
        if machine is None or not is_throttled(machine):
            continue
        beside = _without_quota(analysis, service)
        yield _finding(analysis, service, machine, beside, "cpu-throttled")
        if _wastes(service.heavy, beside):
            yield _finding(analysis, service, machine, beside, "cpu-oversubscribed")


def _sidecars(service: Service) -> Iterator[tuple[str, float]]:
    """Of its pods, those that were stopped, and in which share of their periods, all cells together."""
    periods: dict[str, list[int]] = {}
    seen = [cell.pods for cell in service.heavy.level.valid_cells]
    for pods in (one for one in seen if one is not None and one.container):
        for one in pods.containers:
            if one.container != pods.container and one.nr_periods and one.nr_throttled is not None:
                counted = periods.setdefault(one.container, [0, 0])
                counted[0] += one.nr_throttled
                counted[1] += one.nr_periods
    for name, (throttled, of) in sorted(periods.items()):
        if throttled / of >= THROTTLED:
            yield name, throttled / of


def _of_sidecar(service: Service, name: str, share: float) -> Finding:
    bound = is_held(service)
    return Finding(
        code="cpu-throttled",
        about=about(service),
        compares_loads=False,
        binds="throughput" if bound else "latency",
        confidence="possible",  # how much of an answer's way is through it, nobody counts
        severity="medium" if bound and share >= MUCH else "low",
        effect=Effect(figure="answers a second", now=service.heavy.per_second),
        evidence=(
            Evidence(figure=f"periods in which its sidecar {name} was stopped", value=100 * share, unit="%"),
        ),
        advice=f"Raise the CPU limit of the container {name}, or take it away: what goes through it waits",
    )


def is_throttled(machine: GotOfMachine) -> bool:
    short = machine.period_ms is not None and machine.period_ms < LEAST_PERIOD_MS
    return machine.is_stopped and not short


def _without_quota(analysis: Analysis, service: Service) -> LoadedPoint | None:
    """The same configuration at the same load, where nothing stopped it."""
    for other in analysis.services:
        if other.config == service.config and other.deployment != service.deployment:
            for point in other.points:
                same = point.level.load == service.heavy.level.load
                if same and point.machine is not None and point.machine.quota is None:
                    return point
    return None


def _wastes(point: LoadedPoint, beside: LoadedPoint | None) -> bool:
    own, other = cpu_ms(point), None if beside is None else cpu_ms(beside)
    return own is not None and other is not None and own >= WASTED * other


def _finding(
    analysis: Analysis, service: Service, machine: GotOfMachine, beside: LoadedPoint | None, code: str
) -> Finding:
    share, bound = machine.throttled or 0.0, is_held(service)
    ahead = _is_behind(analysis, service, beside)
    severity: Severity = "low" if not (bound or ahead) else "high" if share >= MUCH else "medium"
    confidence: Confidence = "shown" if ahead else "likely"
    return Finding(
        code=code,
        about=about(service),
        compares_loads=False,
        binds="throughput" if bound or ahead else "latency",
        confidence=confidence,
        severity=severity,
        effect=Effect(figure="answers a second", now=service.heavy.per_second),
        evidence=tuple(_evidence(service, machine, beside)),
        advice=_advice(machine),
    )


def _is_behind(analysis: Analysis, service: Service, beside: LoadedPoint | None) -> bool:
    """Does the same service answer more where it has no quota, and not by chance?"""
    load = service.heavy.level.load
    return beside is not None and any(
        ratio.second_is_bottleneck
        for ratio in analysis.deployment_ratios
        if (ratio.second, ratio.config, ratio.load) == (service.deployment, service.config, load)
    )


def _evidence(service: Service, machine: GotOfMachine, beside: LoadedPoint | None) -> Iterator[Evidence]:
    stopped = 100 * (machine.throttled or 0.0)
    yield Evidence(figure="periods in which it was stopped", value=stopped, unit="%")
    yield Evidence(figure="processor time", value=machine.cpu_cores, unit="cores")
    yield Evidence(figure="its limit", value=machine.cores, unit="cores")
    if machine.torch_threads is not None and machine.fitting_threads is not None:
        yield Evidence(figure="torch threads", value=machine.torch_threads)
        yield Evidence(figure="of which fit the limit", value=machine.fitting_threads)
    own, other = cpu_ms(service.heavy), None if beside is None else cpu_ms(beside)
    if own is not None and other is not None and beside is not None:
        yield Evidence(figure="processor time an answer", value=own, unit="ms")
        yield Evidence(figure=f"in {beside.level.deployment}", value=other, unit="ms")


def _advice(machine: GotOfMachine) -> str:
    fit, threads = machine.fitting_threads or max(1, int(machine.cores)), machine.torch_threads
    if threads is not None and threads <= fit:
        return f"Raise the CPU limit: its threads fit it already ({threads} of torch)"
    return (
        f"Set TORCH_THREADS and OMP_NUM_THREADS to {fit} (a thread for each whole core of the quota, one at "
        "least); if it is still stopped then, raise the limit"
    )
