"""Requests wait for a process: all of a pool's are taken."""

from __future__ import annotations

from collections.abc import Iterator

from records.evidence.inside_span import MeanExecutor
from reports.analysis.analysis import Analysis
from reports.evidence.kinds import PROCESSES
from reports.evidence.machine import GotOfMachine
from reports.findings.common.binding import binding, effect_of
from reports.findings.common.finding import Evidence, Finding
from reports.findings.common.held import MOST, counts, held, share, waiting
from reports.findings.machine.compute import is_full

CHEAPER = "have each call compute less, or take several answers' work in one, as a batch"


def process_pool(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        inside, machine = service.heavy.inside, service.heavy.machine
        found = waiting(service, lambda place: place.kind in PROCESSES)
        if inside is None or not counts(service, found):
            continue
        full = machine is not None and is_full(machine)
        if full and share(found) < MOST:
            continue  # what fills the CPUs is the cause, wherever else it is done
        yield binding(
            service,
            "process-pool-exhausted",
            found,
            evidence=(*_of(inside.executors), *_cores(machine)),
            # More of them get no more of CPUs that are full.
            effect=effect_of(service, None) if full else None,
            sure="likely" if full else None,
            advice=f"The CPUs are full, so more processes get no more done: {CHEAPER}; or give it more CPUs"
            if full
            else "Give the pool more processes, as many as there are CPUs at most if they compute; from there"
            f" on {CHEAPER}; what only waits for something else needs no process, and can be awaited",
        )


def _of(executors: tuple[MeanExecutor, ...]) -> Iterator[Evidence]:
    for one in executors:
        if one.processes and one.most:
            yield Evidence(figure="processes of the pool", value=one.most)
            yield Evidence(figure="calls that they have at a time", value=one.busy)
            yield Evidence(figure="calls in its queue", value=one.queued)


def _cores(machine: GotOfMachine | None) -> Iterator[Evidence]:
    if machine is not None:
        yield Evidence(figure="processor time", value=machine.cpu_cores, unit="cores")
        yield Evidence(figure="cores that it may take", value=machine.cores)
