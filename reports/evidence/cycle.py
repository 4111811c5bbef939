"""What a cell's cycle, its users over its good answers a second, was spent on: parts that add up to it.

A service answers nothing while its control group is stopped for its quota, and a Python process nothing while
it collects garbage. Of the time that is left, requests take the shares in which they were met at each place
(Little 1961); the collector that meets them is stopped with the service, so it saw no other time.

The kernel adds up stopped time over CPUs, as it does processor time: of s and u seconds a second the service
computes, as long as it has anything to compute, on s + u CPUs at a time, and on one at least. So it stood
still for s / max(1, s + u) of the time. Where neighbours keep it from CPUs that are not stopped, or where it
has several CPUs' work now and none then, that is too much: it is at least s over all CPUs.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.evidence.demand import EVENT_LOOP, EXECUTOR, WAITS
from reports.evidence.loaded import LoadedPoint
from reports.figures.attribution import cycle_ms
from reports.figures.summary import CellSummary


@dataclass(frozen=True, kw_only=True)
class Cycle:
    """Of one cell, in milliseconds. None: nothing tells it."""

    whole: float
    stopped: float | None
    """By a quota."""
    memory: float | None
    """Spent collecting garbage; and waiting for memory, where its own control group says that."""
    pool: float | None
    """In the queues of its executors, while it was not stopped,"""
    loop: float | None
    """and waiting for its event loop."""


def cycles(point: LoadedPoint) -> Iterator[tuple[CellSummary, Cycle]]:
    """Of each of its valid cells that has one."""
    for one in point.each:
        [cell] = one.level.valid_cells
        if (whole := cycle_ms(cell)) is not None:
            yield cell, _cycle(one, cell, whole)


def _cycle(point: LoadedPoint, cell: CellSummary, whole: float) -> Cycle:
    stopped, memory = stopped_share(cell), _memory_share(point, cell)
    left = max(0.0, 1.0 - (stopped or 0.0) - (memory or 0.0))
    memory = None if memory is None else min(memory, 1.0 - (stopped or 0.0))

    def waiting(kind: str) -> float | None:
        if point.inside is None or not point.in_flight:
            return None
        there = sum(count for place, count in point.places.items() if place.kind in WAITS[kind])
        return whole * left * min(1.0, there / point.in_flight)

    return Cycle(
        whole=whole,
        stopped=None if stopped is None else whole * stopped,
        memory=None if memory is None else whole * memory,
        pool=waiting(EXECUTOR),
        loop=waiting(EVENT_LOOP),
    )


def stopped_share(cell: CellSummary) -> float | None:
    """Of the time, that in which its quota kept it from computing; of several replicas each."""
    machine = cell.machine
    if machine is None or machine.cpu_cores is None:
        return None
    if machine.cpu_limit_cores is None:
        return 0.0
    stopped = machine.throttled_seconds_per_s
    return None if stopped is None else stopped / max(machine.replicas, stopped + machine.cpu_cores)


def _memory_share(point: LoadedPoint, cell: CellSummary) -> float | None:
    inside, machine = point.inside, cell.machine
    if inside is None:
        return None
    # A pause is as long as the clock says, also while its thread waits for a CPU.
    garbage = inside.gc_share * (1 - ((machine and machine.run_delay) or 0.0))
    return min(1.0, garbage + (_own_pressure(cell) or 0.0))


def _own_pressure(cell: CellSummary) -> float | None:
    machine = cell.machine
    return machine.memory_pressure if machine is not None and machine.pressure_of == "cgroup" else None


def tells_memory_waits(point: LoadedPoint) -> bool:
    """Do its control groups say how long it waited for memory?"""
    return all(_own_pressure(cell) is not None for cell in point.level.valid_cells)
