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
from reports.evidence.service import LoadedPoint
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
    """Of the time, that in which its quota kept it from computing."""
    machine = cell.machine
    if machine is not None and machine.cpu_cores is not None:
        if machine.cpu_limit_cores is None:
            return 0.0
        if (found := _stood_still(machine.throttled_seconds_per_s, machine.cpu_cores)) is not None:
            return found
    return _of_counters(cell)


def _of_counters(cell: CellSummary) -> float | None:
    """Of a service that no profiler follows: by what its limits' counters grew over all of its load."""
    limits, seconds = cell.limits, _loaded_seconds(cell)
    if limits is None or limits.by is None:
        return _of_pods(cell, seconds)
    if limits.cpu_limit_cores is None:
        return 0.0
    return _stood_still(limits.throttled_seconds, limits.cpu_seconds, seconds)


def _of_pods(cell: CellSummary, seconds: float) -> float | None:
    """Of the container that computes most, in all pods: they share the load."""
    told = [
        one
        for one in (cell.pods.containers if cell.pods else ())
        if one.cpu_seconds is not None and one.throttled_seconds is not None
    ]
    most = max(told, key=lambda one: one.cpu_seconds or 0.0, default=None)
    own = [one for one in told if most is not None and one.container == most.container]
    return _stood_still(
        sum(one.throttled_seconds or 0.0 for one in own),
        sum(one.cpu_seconds or 0.0 for one in own),
        seconds * len(own),
    )


def _loaded_seconds(cell: CellSummary) -> float:
    records = [record for part in cell.parts for record in part.data.requests]
    if not records:
        return 0.0
    return (max(one.ended_at_ns for one in records) - min(one.sent_at_ns for one in records)) / 1e9


def _stood_still(stopped: float | None, used: float | None, seconds: float = 1.0) -> float | None:
    if stopped is None or used is None or not seconds:
        return None
    return min(1.0, stopped / max(seconds, stopped + used))


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
