"""More threads compute at a time than there are CPUs for: they take turns, and each takes longer for it."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.evidence.machine import FILLED, GotOfMachine
from reports.evidence.mechanisms import cpu_ms
from reports.evidence.service import Service
from reports.findings.common.binding import about
from reports.findings.common.crowded import crowded
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.held import CLEAR, held, is_held
from reports.findings.machine.quota import WASTED

BEYOND = 0.5
"""So many more threads than cores, on the mean: one more in half of the time."""


def oversubscribed(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        machine = service.heavy.machine
        if machine is None or not machine.is_delayed or machine.is_stopped or crowded(service):
            continue
        # What others take of its CPUs has its threads wait, too, however few they are.
        if machine.busy < FILLED or (threads := _at_work(machine)) < machine.cores + BEYOND:
            continue
        bound, times = is_held(service), _times(service)
        if times is not None and times < 1 - CLEAR:
            continue  # whoever has to take turns works longer on each answer, or as long
        yield Finding(
            code="cpu-oversubscribed",
            about=about(service),
            binds="throughput" if bound else "latency",
            confidence="likely",
            severity="low" if not bound else "high" if times is not None and times >= WASTED else "medium",
            effect=Effect(figure="answers a second", now=service.heavy.answers_per_second),
            evidence=(
                Evidence(figure="threads that compute or could, besides event loops'", value=threads),
                Evidence(figure="cores that it may take", value=machine.cores),
                Evidence(figure="processor time that it got", value=machine.cpu_cores, unit="cores"),
                Evidence(
                    figure="share of its time to run that it waited for a CPU",
                    value=100 * (machine.run_delay or 0.0),
                    unit="%",
                ),
                *(
                    ()
                    if times is None
                    else (Evidence(figure="processor time an answer, times the light load's", value=times),)
                ),
            ),
            advice="Let fewer threads compute at once: as many as there are cores, and OMP_NUM_THREADS=1"
            " where several callers compute",
        )


def _at_work(machine: GotOfMachine) -> float:
    """How many threads are on a CPU or wait for one, on the mean. The event loop of each process has to be
    beside those that compute."""
    return machine.wanted_cores - (machine.main_threads or 0.0)


def _times(service: Service) -> float | None:
    """What it costs: an answer takes more of the processor than where fewer compute. None: nothing tells."""
    light, heavy = cpu_ms(service.light), cpu_ms(service.heavy)
    return heavy / light if service.compared and light and heavy else None
