"""What a machine keeps from a service: CPUs that others take."""

from __future__ import annotations

from collections.abc import Iterator

from records.cells.other_programs import TO_DO
from reports.analysis.analysis import Analysis
from reports.evidence.machine import DELAYED, FILLED, GotOfMachine
from reports.evidence.service import Service
from reports.figures.others import busiest_others
from reports.findings.common.binding import about
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.held import ALWAYS, LOSS, MOST, for_the_loop, is_held, share, waiting


def noisy_neighbour(analysis: Analysis) -> Iterator[Finding]:
    for service in analysis.services:
        if (machine := service.heavy.machine) is not None:
            yield from _noisy_neighbour(service, machine)


def _noisy_neighbour(service: Service, machine: GotOfMachine) -> Iterator[Finding]:
    # A quota, or its own threads, may be why it waits.
    if not machine.is_delayed or machine.is_stopped or machine.busy >= FILLED:
        return
    _, delay = service.heavy.loop_cpu
    if delay is None or delay < DELAYED or (taken := _taken(service, delay)) is None:
        return
    bound = is_held(service)
    waited = 100 * (machine.run_delay or 0.0)
    named = tuple(_by_name(service))
    yield Finding(
        code="noisy-neighbour",
        about=about(service),
        compares_loads=bound and bool(taken),
        binds="throughput" if bound else "latency",
        confidence="likely" if taken else "possible",
        severity="medium" if bound else "low",  # what else is found comes first
        effect=Effect(figure="answers a second", now=service.heavy.answers_per_second),
        evidence=(
            Evidence(
                figure="share of all the time that its event loop's thread waited for a CPU",
                value=100 * delay,
                unit="%",
            ),
            *taken,
            Evidence(figure="share of its time to run that it waited for a CPU", value=waited, unit="%"),
            Evidence(figure="processor time that it got", value=machine.cpu_cores, unit="cores"),
            Evidence(figure="cores that it may take", value=machine.cores),
            *named,
        ),
        advice="Give it CPUs of its own, or a share that is kept for it: "
        + (f"other programs take them ({TO_DO})" if named else "something else takes them"),
    )


def _by_name(service: Service) -> Iterator[Evidence]:
    """Who takes them, as far as the sweep saw it."""
    for name, cores in busiest_others(service.heavy.level.valid_cells, much=True).items():
        yield Evidence(figure=f"of a core that the program {name} took, at most", value=100 * cores, unit="%")


def _taken(service: Service, delay: float) -> tuple[Evidence, ...] | None:
    """How many requests wait for its event loop only because that waits for a CPU, a part of the time in
    which it has something to do. None: too few of all; empty where nobody looked inside."""
    if service.heavy.inside is None:
        return ()
    wanted = delay + (service.heavy.loop_cpu[0] or 0.0)
    part = delay / wanted
    # Answers that have come to a loop that always has to do are met late, and look as if they had not come.
    grown = 1.0 if wanted >= ALWAYS else min(1.0, share(waiting(service, for_the_loop)))
    if is_held(service):
        requests, of_all = part * grown * service.waiting, part * grown >= MOST
    else:
        there = sum(count for place, count in service.heavy.places.items() if for_the_loop(place))
        requests, of_all = part * there, part * there >= LOSS * service.heavy.in_flight
    return (Evidence(figure="requests that wait for that", value=requests),) if of_all else None
