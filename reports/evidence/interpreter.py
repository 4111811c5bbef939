"""Threads of one process that compute in Python wait for each other: it runs one of them at a time (the GIL).

Who waits for the interpreter is in no CPU's queue, so several threads that are at work and get one core
together, while CPUs are free for them, wait for it. What libraries compute outside of it (numpy, torch, an
index) takes more cores, or has its threads wait for CPUs. The collector's own thread says it directly: each
time it wakes it waits for its turn, as all others do.
"""

from __future__ import annotations

import builtins
from collections import Counter
from dataclasses import dataclass
from statistics import median

from records.evidence.inside import READY, RUNNING, Work
from records.evidence.inside_span import OfProcess
from reports.evidence.behind import computes
from reports.evidence.inside import InsideOfCells
from reports.evidence.libraries import TURN_WAIT, family, function_of
from reports.evidence.loaded import LoadedPoint

SEVERAL = 1.5
"""So many have to compute at a time, an event loop that has something to do among them, for one to wait while
another has the interpreter: about half of those who wait are seen, for who looks has waited among them;"""
MOST_CORES = 1.2
"""and a process takes no more than one core for all of them, but for what its libraries compute,"""
LEAST_CORES = 0.8
"""and, but for its waits for a CPU, hardly less: who has the interpreter and computes has a CPU."""
TAKEN = 0.5
"""The share of the looks that met the interpreter taken, from which on their processor time goes by it, and
not by libraries that compute outside of it."""
LATE_MS, SWITCH_MS = 1.0, 5.0
"""A look that comes so much later than half of those at the light load do waits for another thread, and not
for a coarse timer; and so does any that waits for as long as a thread that computes keeps the interpreter
when it is asked to let go of it (`sys.getswitchinterval`)."""
OF_LOOP = 0.5
"""Of its processor time at most so much is the event loop's thread's: else it is that which is full."""


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """What a request meets, on the mean, in the process that serves it."""

    threads: float
    """So many compute at a time,"""
    line: str
    """most of those that have their turn here."""
    taken: float | None
    """The share of the looks at which another thread had the interpreter; None: not known."""
    cpu_cores: float
    cores: float
    """What all processes took, and may take,"""
    processes: int
    """and how many they are."""


_TYPES = (str, bytes, bytearray, int, float, complex, list, tuple, dict, set, frozenset)
_WAITING_TOO = frozenset(("open", "input", "print", "exec", "eval", "breakpoint"))
_BUILT_IN = frozenset(name for of in (builtins, *_TYPES) for name in vars(of)) - _WAITING_TOO
"""What Python itself has in C, and computes without letting go of the interpreter, by its name."""


def crowd(point: LoadedPoint, light: LoadedPoint) -> Crowd | None:
    """None: its threads do not keep each other from Python, or nobody saw it."""
    inside, machine = point.inside, point.machine
    if inside is None or machine is None or machine.is_stopped:
        return None
    processes = max(1, inside.servers)
    each = inside.each or (OfProcess(requests=inside.requests, in_threads=inside.in_threads, turns_ms=()),)
    taken = _taken(each, light.inside.each if light.inside else ())
    threads, line = _computing(each, known=taken is not None)
    asks = _loop_asks(inside) / processes if taken is not None else 0.0
    if not line or threads + min(1.0, asks) < SEVERAL or machine.cpu_cores > MOST_CORES * processes:
        return None
    # Where they wait for a CPU, so does who has the interpreter: then it counts what they got of one.
    if (machine.cpu_cores if machine.is_delayed else machine.wanted_cores) < LEAST_CORES * processes:
        return None
    if taken is not None:
        main, _ = point.loop_cpu
        free = not inside.looped if main is None else main <= OF_LOOP * machine.cpu_cores / processes
        if taken < TAKEN or not free:
            return None
    return Crowd(
        threads=threads,
        line=line,
        taken=taken,
        cpu_cores=machine.cpu_cores,
        cores=machine.cores,
        processes=processes,
    )


def _loop_asks(inside: InsideOfCells) -> float:
    """How many requests an event loop could go on with at once: with any it asks for the interpreter, too."""
    if not inside.looped:
        return 0.0
    return sum(count for place, count in inside.waits if place.kind in (READY, RUNNING))


def _taken(each: tuple[OfProcess, ...], light: tuple[OfProcess, ...]) -> float | None:
    before = [ms for one in light for ms in one.turns_ms]
    late_ms = min(SWITCH_MS, median(before) + LATE_MS) if before else SWITCH_MS
    known = [one for one in each if one.turns_ms]
    requests = sum(one.requests for one in known)
    taken = (one.requests * sum(ms >= late_ms for ms in one.turns_ms) / len(one.turns_ms) for one in known)
    return sum(taken) / requests if requests else None


def _computing(each: tuple[OfProcess, ...], *, known: bool) -> tuple[float, str]:
    """How many threads of a request's process compute, and the line of the most. Where nobody knows whether
    the interpreter is taken, what a library does may be outside of it; so may always what is written in C:
    a driver of a database waits there."""
    own: Counter[Work] = Counter()
    for process in each:
        for work, count in process.in_threads:
            if _wants_python(work) if known else not (work.called or work.doing):
                own[work] += count * process.requests  # type: ignore[assignment]
    # Who waits for its turn is done with its line's call, and takes nobody's time there.
    there = {work: count for work, count in own.items() if work.doing != TURN_WAIT}
    functions: Counter[str] = Counter()
    for work, count in there.items():
        functions[function_of(work)] += count
    most = max(functions, key=lambda one: functions[one], default="")
    lines = [work for work in there if function_of(work) == most]
    requests = sum(process.requests for process in each)
    line = max(lines, key=lambda work: own[work]).where if lines else ""
    return (own.total() / requests if requests else 0.0), line


def _wants_python(work: Work) -> bool:
    if work.doing == TURN_WAIT:
        return True
    name = work.called.removeprefix(":")
    in_c = name != work.called
    return computes(work) and (not in_c or name in _BUILT_IN or family(work) == "text")
