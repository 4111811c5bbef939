"""What the samples of an app's inside come to over a span of time."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from records.evidence.inside import (
    READY,
    REQUEST,
    RUNNING,
    SERVER,
    TASK,
    InsideSample,
    LoopSample,
    Place,
    Work,
)


@dataclass(frozen=True, kw_only=True)
class MeanExecutor:
    """All of one name; of several processes their sum."""

    name: str
    most: int | None
    busy: float
    queued: float
    processes: bool = False
    """Has it processes in place of threads?"""


@dataclass(frozen=True, kw_only=True)
class OfProcess:
    """One of those that serve."""

    requests: float
    in_threads: tuple[tuple[Work, float], ...]
    turns_ms: tuple[float, ...]
    """How long each look had to wait for the interpreter, as far as that is known."""


@dataclass(frozen=True, kw_only=True)
class Inside:
    """Means of what was seen inside; of several processes their sum, where it is a number of something."""

    samples: int
    each: tuple[OfProcess, ...]
    """The processes of the server's; empty where the server is not one that is known."""
    waits: tuple[tuple[Place, float], ...]
    """How many requests were where, the most first,"""
    beside: tuple[tuple[Place, float], ...]
    """and where the app's other tasks were, of which no request is known to wait for one."""
    lag_ms: float
    """Of the loop, the mean of what was seen, and the longest."""
    lag_longest_ms: float
    looped: bool
    """Is there an event loop? Else a server answers in threads."""
    loop_busy: float
    """The share of the time in which a loop's thread ran something, and what that was, as shares of all the
    time; of several processes, of the loop that a request meets which waits for one."""
    running: tuple[tuple[Work, float], ...]
    loop_mean: float
    """The same share of all loops."""
    loop_on_cpu: float | None
    """The share of the time in which the thread of the loop that a request meets was on a CPU, and in which
    it waited for one; None: not known."""
    loop_delay: float | None
    executors: tuple[MeanExecutor, ...]
    in_threads: tuple[tuple[Work, float], ...]
    """How many threads besides those of loops were doing what."""
    gc_longest_ms: float
    """The longest pause to collect garbage."""
    pythons: tuple[str, ...]
    """The versions and builds of Python that serve, each once, as far as that is known."""


@dataclass(frozen=True, kw_only=True)
class InsideOfSpan(Inside):
    """Over a span of time; of the processes that with the most requests is the first."""

    processes: int
    of: str
    """What is counted: requests where the server is one that is known, else the app's tasks."""
    total: float
    """How many there were at a time."""
    gc_ms: float
    """All pauses."""
    errors: int


def summary(samples: Iterable[InsideSample], start_ns: int, end_ns: int) -> InsideOfSpan | None:
    """Of the samples in that span; None where there is none."""
    by_process: dict[int, list[InsideSample]] = defaultdict(list)
    for sample in samples:
        if start_ns <= sample.at_ns <= end_ns:
            by_process[sample.pid].append(sample)
    seen = [sample for ours in by_process.values() for sample in ours]
    if not seen:
        return None
    of = REQUEST if any(sample.counts[REQUEST] or sample.counts[SERVER] for sample in seen) else TASK
    waits: Counter[Place] = Counter()
    beside: Counter[Place] = Counter()
    threads: Counter[Work] = Counter()
    for sample in seen:
        for work, count in sample.in_threads.items():
            threads[work] += count / len(by_process[sample.pid])  # type: ignore[assignment]
        for (whose, place), count in sample.groups.items():
            counter = waits if whose == of else beside
            counter[place] += count / len(by_process[sample.pid])  # type: ignore[assignment]
    serving = {pid for pid, ours in by_process.items() if _serves(ours)} or set(by_process)
    # Of a process that only keeps the others going the loop is idle, whatever theirs are.
    loops = [found for pid in serving if (found := _loop(by_process[pid])) is not None]
    met = _met(loops)
    return InsideOfSpan(
        samples=len(seen),
        processes=len(by_process),
        each=_each(by_process),
        of=of,
        total=sum(fmean(sample.counts[of] for sample in ours) for ours in by_process.values()),
        waits=tuple(waits.most_common()),
        beside=tuple(beside.most_common()),
        lag_ms=met.lag_ms,
        lag_longest_ms=met.lag_longest_ms,
        looped=bool(loops),
        loop_busy=sum(met.running.values()),
        running=tuple(Counter(met.running).most_common()),
        loop_mean=fmean(sum(loop.running.values()) for loop in loops) if loops else 0.0,
        loop_on_cpu=met.on_cpu,
        loop_delay=met.delay,
        executors=_executors(by_process),
        in_threads=tuple(threads.most_common()),
        gc_ms=sum(sample.gc_ms for sample in seen),
        gc_longest_ms=max(sample.gc_longest_ms for sample in seen),
        errors=sum(max(sample.errors for sample in ours) for ours in by_process.values()),
        pythons=tuple(sorted({one.python for pid in serving for one in by_process[pid] if one.python})),
    )


@dataclass(frozen=True, kw_only=True)
class _Loop:
    requests: float
    """Those that wait for it."""
    lag_ms: float
    lag_longest_ms: float
    running: Mapping[Work, float]
    """As shares of the samples."""
    on_cpu: float | None
    delay: float | None


def _met(loops: Sequence[_Loop]) -> _Loop:
    """That which a request meets which waits for one."""
    for_them = sum(loop.requests for loop in loops)
    weighed = [(loop, loop.requests / for_them if for_them else 1 / len(loops)) for loop in loops]
    running: Counter[Work] = Counter()
    for loop, weight in weighed:
        for work, share in loop.running.items():
            running[work] += weight * share  # type: ignore[assignment]

    def mean(of: Callable[[_Loop], float | None]) -> float | None:
        each = [(of(loop), weight) for loop, weight in weighed]
        known = [share * weight for share, weight in each if share is not None]
        return sum(known) if known and len(known) == len(each) else None

    return _Loop(
        requests=for_them,
        lag_ms=sum(weight * loop.lag_ms for loop, weight in weighed),
        lag_longest_ms=max((loop.lag_longest_ms for loop in loops), default=0.0),
        running=running,
        on_cpu=mean(lambda loop: loop.on_cpu),
        delay=mean(lambda loop: loop.delay),
    )


def _loop(ours: Sequence[InsideSample]) -> _Loop | None:
    """That of one process; of several loops there their mean."""
    loops = [loop for sample in ours for loop in sample.loops]
    if not loops:
        return None
    waits = (
        count
        for sample in ours
        for (whose, place), count in sample.groups.items()
        if whose == REQUEST and place.kind in (READY, RUNNING)
    )
    running = Counter(loop.running for loop in loops if loop.running is not None)
    on_cpu = _share_of_time(ours, lambda loop: loop.cpu_ns)
    delay = _share_of_time(ours, lambda loop: loop.cpu_wait_ns)
    known = on_cpu is not None and delay is not None
    return _Loop(
        requests=sum(waits) / len(ours),
        lag_ms=fmean(loop.lag_ms for loop in loops),
        lag_longest_ms=max(loop.lag_ms for loop in loops),
        running={work: count / len(loops) for work, count in running.items()},
        on_cpu=on_cpu if known else None,
        delay=delay if known else None,
    )


def _share_of_time(ours: Sequence[InsideSample], clock: Callable[[LoopSample], int | None]) -> float | None:
    """By a clock of the loop's thread. None where it is not known, or there are several loops, which nobody
    can tell from each other."""
    one = [(sample.at_ns, clock(sample.loops[0])) for sample in ours if len(sample.loops) == 1]
    told = [(at, ns) for at, ns in one if ns is not None]
    if len(told) < 2 or len(told) < len(ours) or told[-1][0] <= told[0][0]:
        return None
    spent = told[-1][1] - told[0][1]
    return min(1.0, spent / (told[-1][0] - told[0][0])) if spent >= 0 else None


def _each(by_process: Mapping[int, list[InsideSample]]) -> tuple[OfProcess, ...]:
    found = (_of_process(ours) for ours in by_process.values() if _serves(ours))
    return tuple(sorted(found, key=lambda one: -one.requests))


def _of_process(ours: Sequence[InsideSample]) -> OfProcess:
    threads: Counter[Work] = Counter()
    for sample in ours:
        threads.update(sample.in_threads)
    return OfProcess(
        requests=fmean(sample.counts[REQUEST] for sample in ours),
        in_threads=tuple((work, count / len(ours)) for work, count in threads.most_common()),
        turns_ms=tuple(sample.turn_ms for sample in ours if sample.turn_ms is not None),
    )


def _serves(ours: Iterable[InsideSample]) -> bool:
    return any(sample.counts[REQUEST] or sample.counts[SERVER] for sample in ours)


def _executors(by_process: Mapping[int, list[InsideSample]]) -> tuple[MeanExecutor, ...]:
    busy: Counter[str] = Counter()
    queued: Counter[str] = Counter()
    most: dict[str, int | None] = {}
    processes: set[str] = set()
    for ours in by_process.values():
        known: dict[str, int | None] = {}
        for sample in ours:
            for one in sample.executors:
                busy[one.name] += one.busy / len(ours)  # type: ignore[assignment]
                queued[one.name] += one.queued / len(ours)  # type: ignore[assignment]
                known[one.name] = one.most
                processes |= {one.name} if one.processes else set()
        for name, number in known.items():
            before = most.get(name, 0)
            most[name] = None if number is None or before is None else before + number
    found = (
        MeanExecutor(
            name=name,
            most=most[name],
            busy=busy[name],
            queued=queued[name],
            processes=name in processes,
        )
        for name in most
    )
    return tuple(sorted(found, key=lambda one: (-one.queued, -one.busy, one.name)))
