"""What was seen inside an asyncio app while it ran: its samples, and what they come to over a span of time.

`profiler.inside` writes them: a line a sample of a process. A request that runs or is ready to is no less
counted than one that waits, as a kind of its own (`READY`, `RUNNING`), so that all of them add up.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

import orjson

from records.files import good_lines

REQUEST, TASK, SERVER = "request", "task", "server"
READY, RUNNING = "ready", "running"
_MOST_MS = 1e9  # eleven days


@dataclass(frozen=True, kw_only=True)
class Place:
    """What a request waits for, and where in the app's own code (empty: in none of it)."""

    kind: str
    at: str = ""
    where: str = ""
    via: str = ""
    """What the app called there, where that is not ``at`` itself."""


@dataclass(frozen=True, kw_only=True)
class Work:
    """What a thread is doing, and where."""

    where: str
    """The app's line that it is at, else the innermost one."""
    at: str = ""
    """The function that it is in, innermost, without its line; empty where that was not kept."""
    called: str = ""
    """What the app's line called, ``module:function`` of a library, ``:function`` of what is written in C;
    empty: it is at work itself."""
    doing: str = ""
    """A kind of work that is known by a library's function in between: ``client-setup``, ``model-load``."""


@dataclass(frozen=True, kw_only=True)
class LoopSample:
    lag_ms: float
    running: Work | None
    """None: its thread waits for events."""


@dataclass(frozen=True, kw_only=True)
class ExecutorSample:
    name: str
    most: int | None
    threads: int
    busy: int
    queued: int


@dataclass(frozen=True, kw_only=True)
class InsideSample:
    at_ns: int
    pid: int
    counts: Mapping[str, int]
    """How many tasks there were by whose they are: of requests, others of the app's, the server's own."""
    groups: Mapping[tuple[str, Place], int]
    """The greatest of them; what they add up to may be less."""
    loops: tuple[LoopSample, ...]
    executors: tuple[ExecutorSample, ...]
    threads: int
    in_threads: Mapping[Work, int]
    """What threads besides those of loops were doing, and how many."""
    gc_ms: float
    """Since the sample before."""
    gc_longest_ms: float
    errors: int
    took_us: int

    @classmethod
    def from_json(cls, raw: Any) -> InsideSample:
        """Raises LookupError, TypeError, ValueError for what is no such sample."""
        groups: Counter[tuple[str, Place]] = Counter()
        for group in raw["groups"]:
            place = Place(**{name: str(group.get(name, "")) for name in Place.__dataclass_fields__})
            groups[str(group["of"]), place] += int(group["count"])
        return cls(
            at_ns=int(raw["at_ns"]),
            pid=int(raw["pid"]),
            counts={
                REQUEST: int(raw["requests"]),
                TASK: int(raw["others"]),
                SERVER: int(raw["server"]),
            },
            groups=groups,
            loops=tuple(map(_loop, raw["loops"])),
            executors=tuple(map(_executor, raw["executors"])),
            threads=int(raw["threads"]["count"]),
            in_threads={_work(one): int(one["count"]) for one in raw["threads"]["groups"]},
            gc_ms=_milliseconds(raw["gc"]["ms"]),
            gc_longest_ms=_milliseconds(raw["gc"]["longest_ms"]),
            errors=int(raw["errors"]),
            took_us=int(raw["took_us"]),
        )


def _loop(raw: Any) -> LoopSample:
    running = raw["running"]
    return LoopSample(
        lag_ms=_milliseconds(raw["lag_ms"]),
        running=None if running is None else _work(running),
    )


def _work(raw: Any) -> Work:
    at = str(raw.get("at", ""))
    return Work(
        where=str(raw["where"]) or at,
        at=at.partition(" (")[0],
        called=str(raw.get("called", "")),
        doing=str(raw.get("doing", "")),
    )


def _milliseconds(raw: Any) -> float:
    """Raises ValueError for what cannot be the length of anything here."""
    value = float(raw)
    if not 0 <= value <= _MOST_MS:
        raise ValueError(f"{raw} ms")
    return value


def _executor(raw: Any) -> ExecutorSample:
    most = raw["max"]
    return ExecutorSample(
        name=str(raw["name"]),
        most=None if most is None else int(most),
        threads=int(raw["threads"]),
        busy=int(raw["busy"]),
        queued=int(raw["queued"]),
    )


def parse(line: bytes) -> InsideSample:
    """Raises as `InsideSample.from_json`."""
    return InsideSample.from_json(orjson.loads(line))


def read_inside(path: Path) -> list[InsideSample]:
    """The samples; bad lines, and a last one that a kill cut off, are left out. Raises OSError."""
    return list(good_lines(path, parse))


def sampled_at_ns(line: bytes) -> int:
    """When a line was sampled (Unix ns); 0, when there was none, for one that is damaged."""
    try:
        return int(orjson.loads(line)["at_ns"])
    except (LookupError, TypeError, ValueError):
        return 0


@dataclass(frozen=True, kw_only=True)
class MeanExecutor:
    """All of one name; of several processes their sum."""

    name: str
    most: int | None
    busy: float
    queued: float


@dataclass(frozen=True, kw_only=True)
class InsideOfSpan:
    """Means over a span of time; of several processes their sum, where it is a number of something."""

    samples: int
    processes: int
    at_each: tuple[float, ...]
    """How many of them each process of the server's had at a time, the most first; empty where the server is
    not one that is known."""
    of: str
    """What is counted: requests where the server is one that is known, else the app's tasks."""
    total: float
    """How many there were at a time."""
    waits: tuple[tuple[Place, float], ...]
    """How many of them were there, the most first."""
    beside: tuple[tuple[Place, float], ...]
    """Where the app's other tasks were, of which no request is known to wait for one."""
    lag_ms: float
    """Of the loop, the mean of what was seen, and the longest."""
    lag_longest_ms: float
    looped: bool
    """Is there an event loop? Else a server answers in threads."""
    loop_busy: float
    """In which share of the samples a loop's thread ran something, and what that was."""
    running: tuple[tuple[Work, float], ...]
    executors: tuple[MeanExecutor, ...]
    in_threads: tuple[tuple[Work, float], ...]
    """How many threads besides those of loops were doing what."""
    gc_ms: float
    """In all, and the longest pause."""
    gc_longest_ms: float
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
    loops = [loop for sample in seen if sample.pid in serving for loop in sample.loops]
    running = Counter(loop.running for loop in loops if loop.running is not None)
    return InsideOfSpan(
        samples=len(seen),
        processes=len(by_process),
        at_each=_at_each(by_process),
        of=of,
        total=sum(fmean(sample.counts[of] for sample in ours) for ours in by_process.values()),
        waits=tuple(waits.most_common()),
        beside=tuple(beside.most_common()),
        lag_ms=fmean(loop.lag_ms for loop in loops) if loops else 0.0,
        lag_longest_ms=max((loop.lag_ms for loop in loops), default=0.0),
        looped=bool(loops),
        loop_busy=running.total() / len(loops) if loops else 0.0,
        running=tuple((work, count / len(loops)) for work, count in running.most_common()),
        executors=_executors(by_process),
        in_threads=tuple(threads.most_common()),
        gc_ms=sum(sample.gc_ms for sample in seen),
        gc_longest_ms=max(sample.gc_longest_ms for sample in seen),
        errors=sum(max(sample.errors for sample in ours) for ours in by_process.values()),
    )


def _at_each(by_process: Mapping[int, list[InsideSample]]) -> tuple[float, ...]:
    own = filter(_serves, by_process.values())
    return tuple(sorted((fmean(sample.counts[REQUEST] for sample in ours) for ours in own), reverse=True))


def _serves(ours: Iterable[InsideSample]) -> bool:
    return any(sample.counts[REQUEST] or sample.counts[SERVER] for sample in ours)


def _executors(by_process: Mapping[int, list[InsideSample]]) -> tuple[MeanExecutor, ...]:
    busy: Counter[str] = Counter()
    queued: Counter[str] = Counter()
    most: dict[str, int | None] = {}
    for ours in by_process.values():
        known: dict[str, int | None] = {}
        for sample in ours:
            for one in sample.executors:
                busy[one.name] += one.busy / len(ours)  # type: ignore[assignment]
                queued[one.name] += one.queued / len(ours)  # type: ignore[assignment]
                known[one.name] = one.most
        for name, number in known.items():
            before = most.get(name, 0)
            most[name] = None if number is None or before is None else before + number
    found = (MeanExecutor(name=name, most=most[name], busy=busy[name], queued=queued[name]) for name in most)
    return tuple(sorted(found, key=lambda one: (-one.queued, -one.busy, one.name)))
