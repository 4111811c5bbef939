"""By what each hypothesis of a gap would work, and whether it can: figures of two deployments."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from reports.evidence.cycle import Cycle, cycles, tells_memory_waits
from reports.evidence.loaded import LoadedPoint
from reports.evidence.machine import FILLED

ONE_PROCESS, FEWER_THREADS, MEMORY, THROTTLING = "one-process", "fewer-threads", "memory-gc", "cpu-throttling"
CODES = (ONE_PROCESS, FEWER_THREADS, MEMORY, THROTTLING)
LONGEST_FAULT_MS = 10.0
"""A page comes from a disk in less: it is a seek and a turn of a slow one."""
Why = Literal[
    "", "absent", "not-seen-inside", "no-counters", "processor-full", "fewer-to-compute", "faults", "chance"
]
"""Why a hypothesis is refuted, or cannot be tested; empty: its figures decide."""
PARTS: Mapping[str, Callable[[Cycle], float | None]] = {
    ONE_PROCESS: lambda cycle: cycle.loop,
    FEWER_THREADS: lambda cycle: cycle.pool,
    MEMORY: lambda cycle: cycle.memory,
    THROTTLING: lambda cycle: cycle.stopped,
}
"""The part of a cycle that each is of."""
_UNSEEN: Mapping[str, Why] = {THROTTLING: "no-counters"}


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One figure of both; None: nothing tells it."""

    figure: str
    unit: str = ""
    faster: float | None
    slower: float | None


def testable(code: str, faster: LoadedPoint, slower: LoadedPoint) -> Why:
    """Empty: its part is the difference of theirs; ``absent``: it is nothing; else why it cannot be told."""
    if code == FEWER_THREADS and _more(torch_threads(faster), torch_threads(slower)):
        return "fewer-to-compute"  # what that costs is not apart from less CPU
    if (size := _SIZES.get(code)) is not None:
        own, other = size(faster), size(slower)
        if own is None or other is None:
            return "not-seen-inside"
        if other >= own:
            return "absent"
        if slower.machine is not None and slower.machine.busy >= FILLED:
            return "processor-full"
    told = all(PARTS[code](cycle) is not None for point in (faster, slower) for _, cycle in cycles(point))
    return "" if told else _UNSEEN.get(code, "not-seen-inside")


def _more(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and one > other


def processes(point: LoadedPoint) -> float | None:
    """How many answered."""
    return None if point.inside is None else float(point.inside.servers)


def executor_threads(point: LoadedPoint) -> float | None:
    """How many its executors may have; by default of what the app says of itself."""
    if (told := _sees(point, "default_executor_threads")) is not None:
        return told
    sizes = [one.most for one in (point.inside.executors if point.inside else ()) if not one.processes]
    return float(sum(one for one in sizes if one)) if sizes and all(sizes) else None


def torch_threads(point: LoadedPoint) -> float | None:
    return _sees(point, "torch_threads")


def _sees(point: LoadedPoint, name: str) -> float | None:
    found = [limits.sees.get(name) for cell in point.level.valid_cells if (limits := cell.limits) is not None]
    known = [one for one in found if one is not None]
    return float(max(known)) if known else None


_SIZES: Mapping[str, Callable[[LoadedPoint], float | None]] = {
    ONE_PROCESS: processes,
    FEWER_THREADS: executor_threads,
}


def faults_ms(faster: LoadedPoint, slower: LoadedPoint) -> float | None:
    """How much more an answer of the slower one waited at most for pages from a disk; None: not known."""
    if tells_memory_waits(faster) and tells_memory_waits(slower):
        return 0.0  # they are in its memory's part
    own, other = faults_an_answer(faster), faults_an_answer(slower)
    return None if own is None or other is None else max(0.0, other - own) * LONGEST_FAULT_MS


def faults_an_answer(point: LoadedPoint) -> float | None:
    machine = point.machine
    if machine is None or machine.major_faults_per_s is None or not point.per_second:
        return None
    return machine.major_faults_per_s / point.per_second


def _mean_part(point: LoadedPoint, part: Callable[[Cycle], float | None]) -> float | None:
    found = [part(cycle) for _, cycle in cycles(point)]
    known = [one for one in found if one is not None]
    return sum(known) / len(known) if known else None


def cpu_ms(point: LoadedPoint) -> float | None:
    """Processor time an answer."""
    if point.machine is None or not point.per_second:
        return None
    return 1e3 * point.machine.cpu_cores / point.per_second


def _percent(share: float | None) -> float | None:
    return None if share is None else 100 * share


Figure = Callable[[LoadedPoint], float | None]
_FIGURES: Mapping[str, tuple[tuple[str, str, Figure], ...]] = {
    ONE_PROCESS: (
        ("processes", "", processes),
        ("wait for the event loop", "ms", lambda one: _mean_part(one, lambda cycle: cycle.loop)),
    ),
    FEWER_THREADS: (
        ("threads of executors", "", executor_threads),
        ("threads of torch", "", torch_threads),
        ("wait for a thread", "ms", lambda one: _mean_part(one, lambda cycle: cycle.pool)),
    ),
    MEMORY: (
        ("collecting garbage", "%", lambda one: _percent(one.inside.gc_share if one.inside else None)),
        ("major faults an answer", "", faults_an_answer),
    ),
    THROTTLING: (
        ("periods stopped", "%", lambda one: _percent(one.machine.throttled if one.machine else None)),
        ("limit", "cores", lambda one: one.machine.quota if one.machine else None),
    ),
    "": (
        ("CPU an answer", "ms", cpu_ms),
        ("ready but not on a CPU", "%", lambda one: _percent(one.machine.run_delay if one.machine else None)),
    ),
}  # fmt: skip


def seen(code: str, faster: LoadedPoint, slower: LoadedPoint) -> tuple[Seen, ...]:
    """What tells of it, as far as anything does; of no code: of what is left."""
    found = (
        Seen(figure=name, unit=unit, faster=figure(faster), slower=figure(slower))
        for name, unit, figure in _FIGURES[code]
    )
    return tuple(one for one in found if one.faster is not None or one.slower is not None)
