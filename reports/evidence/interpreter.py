"""Threads of one process that compute in Python wait for each other: it runs one of them at a time (the GIL).

Who waits for the interpreter is in no CPU's queue, so several threads that are at work and get one core
together, while CPUs are free for them, wait for it. What libraries compute outside of it (numpy, torch, an
index) takes more cores, or has its threads wait for CPUs. The collector's own thread says it directly: each
time it wakes it waits for its turn, as all others do.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from records.evidence.inside import Work
from records.evidence.inside_span import OfProcess
from reports.evidence.behind import computes
from reports.evidence.libraries import function_of
from reports.evidence.service import LoadedPoint

SEVERAL = 2.0
"""So many have to compute at a time for one to wait for another;"""
MOST_CORES = 1.2
"""and a process takes no more than one core for all of them, but for what its libraries compute."""
LEAST_CORES = 0.8
TAKEN = 0.8
"""The share of the looks that met the interpreter taken from which on it is full."""
OF_LOOP = 0.5
"""Of its processor time at most so much is the event loop's thread's: else it is that which is full."""


@dataclass(frozen=True, kw_only=True)
class Crowd:
    """What a request meets, on the mean, in the process that serves it."""

    threads: float
    """So many compute at a time,"""
    line: str
    """most of them here."""
    taken: float | None
    """The share of the looks at which another thread had the interpreter; None: not known."""
    cpu_cores: float
    cores: float
    """What all processes took, and may take,"""
    processes: int
    """and how many they are."""


def crowd(point: LoadedPoint) -> Crowd | None:
    """None: its threads do not keep each other from Python, or nobody saw it."""
    inside, machine = point.inside, point.machine
    if inside is None or machine is None or machine.is_stopped or machine.is_delayed:
        return None
    processes = max(1, inside.servers)
    each = inside.each or (OfProcess(requests=inside.requests, in_threads=inside.in_threads, taken=None),)
    taken = _taken(each)
    threads, line = _computing(each, known=taken is not None)
    if threads < SEVERAL or machine.cpu_cores > MOST_CORES * processes:
        return None
    if taken is None:
        full = machine.wanted_cores >= LEAST_CORES * processes
    else:
        main = machine.main_thread_cpu
        free = not inside.looped if main is None else main <= OF_LOOP * machine.cpu_cores / processes
        full = taken >= TAKEN and free
    if not full:
        return None
    return Crowd(
        threads=threads,
        line=line,
        taken=taken,
        cpu_cores=machine.cpu_cores,
        cores=machine.cores,
        processes=processes,
    )


def _taken(each: tuple[OfProcess, ...]) -> float | None:
    known = [(one.taken, one.requests) for one in each if one.taken is not None]
    requests = sum(weight for _, weight in known)
    return sum(taken * weight for taken, weight in known) / requests if requests else None


def _computing(each: tuple[OfProcess, ...], *, known: bool) -> tuple[float, str]:
    """How many threads of a request's process compute, and the line of the most. Where nobody knows whether
    the interpreter is taken, what a library does may be outside of it."""
    own: Counter[Work] = Counter()
    for process in each:
        for work, count in process.in_threads:
            if computes(work) if known else not (work.called or work.doing):
                own[work] += count * process.requests  # type: ignore[assignment]
    functions: Counter[str] = Counter()
    for work, count in own.items():
        functions[function_of(work)] += count
    most = max(functions, key=lambda one: functions[one], default="")
    lines = [work for work in own if function_of(work) == most]
    requests = sum(process.requests for process in each)
    line = max(lines, key=lambda work: own[work]).where if lines else ""
    return (own.total() / requests if requests else 0.0), line
