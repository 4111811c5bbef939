"""What was seen inside a Python app while it ran: its samples.

`profiler.inside` writes them: a line a sample of a process. A request that runs or is ready to is no less
counted than one that waits, as a kind of its own (`READY`, `RUNNING`), so that all of them add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson

from records.evidence.in_order import in_order
from records.evidence.possible import MOST, count, milliseconds, moment_ns
from records.files import bad_lines

REQUEST, TASK, SERVER = "request", "task", "server"
READY, RUNNING = "ready", "running"
_ROUNDED_MS = 0.001
"""To what a collector rounds."""
_LONGEST_VERSION = 200
_TIMES_LONGER = 2
"""Than the time around it: a pause whose finalizers let others in may have begun before."""


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
    waits: str = ""
    """For what whoever has this done waits, as the kind of a `Place`; empty: it computes, it is no thread of
    a pool's, which requests have work done in, or its collector was an older one."""


@dataclass(frozen=True, kw_only=True)
class LoopSample:
    lag_ms: float
    running: Work | None
    """None: its thread waits for events."""
    cpu_ns: int | None = None
    """For how long that was on a CPU, and waited for one, since it began; None: not known."""
    cpu_wait_ns: int | None = None


@dataclass(frozen=True, kw_only=True)
class ExecutorSample:
    name: str
    most: int | None
    threads: int
    busy: int
    queued: int
    processes: bool = False
    """Has it processes in place of threads?"""


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
    turn_ms: float | None
    """How long it had to wait for the interpreter before it looked; None: not known."""
    errors: int
    took_us: int
    python: str = ""
    """Its version and build; empty: its collector was an older one."""

    @classmethod
    def from_json(cls, raw: Any) -> InsideSample:
        """Raises LookupError, TypeError, ValueError for what is no such sample, or says what cannot be."""
        groups: Counter[tuple[str, Place]] = Counter()
        for group in raw["groups"]:
            place = Place(**{name: str(group.get(name, "")) for name in Place.__dataclass_fields__})
            groups[str(group["of"]), place] += count(group["count"])
        gc_ms, gc_longest_ms = _collected(raw["gc"])
        return cls(
            at_ns=moment_ns(raw["at_ns"]),
            pid=count(raw["pid"]),
            counts=_counts(raw, groups),
            groups=groups,
            loops=tuple(map(_loop, raw["loops"])),
            executors=tuple(map(_executor, raw["executors"])),
            threads=count(raw["threads"]["count"]),
            in_threads={_work(one): count(one["count"]) for one in raw["threads"]["groups"]},
            gc_ms=gc_ms,
            gc_longest_ms=gc_longest_ms,
            turn_ms=None if (turn_ms := raw.get("turn_ms")) is None else milliseconds(turn_ms),
            errors=count(raw["errors"]),
            took_us=count(raw["took_us"]),
            python=str(raw.get("python", ""))[:_LONGEST_VERSION],
        )


def _counts(raw: Any, groups: Mapping[tuple[str, Place], int]) -> dict[str, int]:
    """Raises ValueError where groups are more than there are of whom they are, or these more than all tasks:
    they were counted in one go."""
    counts = {REQUEST: count(raw["requests"]), TASK: count(raw["others"]), SERVER: count(raw["server"])}
    for of, all_of_it in counts.items():
        if sum(number for (whose, _), number in groups.items() if whose == of) > all_of_it:
            raise ValueError(f"groups of more than {all_of_it} of {of}")
    return counts


def _collected(raw: Any) -> tuple[float, float]:
    """In sum and the longest. Raises ValueError where the sum cannot be of so many that are no longer."""
    ms, longest_ms = milliseconds(raw["ms"]), milliseconds(raw["longest_ms"])
    collections = count(raw["collections"])
    if not longest_ms <= ms + _ROUNDED_MS or ms > collections * longest_ms + _ROUNDED_MS * (collections + 1):
        raise ValueError(f"{collections} collections of {longest_ms} ms or less, {ms} ms in sum")
    return ms, longest_ms


def _loop(raw: Any) -> LoopSample:
    running = raw["running"]
    return LoopSample(
        lag_ms=milliseconds(raw["lag_ms"]),
        running=None if running is None else _work(running),
        **{name: moment_ns(ns) for name in ("cpu_ns", "cpu_wait_ns") if (ns := raw.get(name)) is not None},
    )


def _work(raw: Any) -> Work:
    at = str(raw.get("at", ""))
    return Work(
        where=str(raw["where"]) or at,
        at=at.partition(" (")[0],
        called=str(raw.get("called", "")),
        doing=str(raw.get("doing", "")),
        waits=str(raw.get("waits", "")),
    )


def _executor(raw: Any) -> ExecutorSample:
    most = raw["max"]
    return ExecutorSample(
        name=str(raw["name"]),
        # An app may say "as many as you like" by the greatest number there is: that is no bound.
        most=None if most is None or moment_ns(most) > MOST else count(most),
        threads=count(raw["threads"]),
        busy=count(raw["busy"]),
        queued=count(raw["queued"]),
        processes=raw.get("processes") is True,
    )


def parse(line: bytes) -> InsideSample:
    """Raises as `InsideSample.from_json`."""
    return InsideSample.from_json(orjson.loads(line))


def read_inside(path: Path) -> list[InsideSample]:
    """The samples by their time, one of a process at a moment; bad lines, a last one that a kill cut off, and
    those that collected for longer than there was time are left out. Raises OSError."""
    samples = _looks(path)
    too_long = set(_too_long(samples))
    return [sample for place, sample in enumerate(samples) if place not in too_long]


def bad_samples(path: Path) -> int:
    """How many `read_inside` leaves out for what they say. Raises OSError."""
    return bad_lines(path, parse) + len(set(_too_long(_looks(path))))


def _looks(path: Path) -> list[InsideSample]:
    return in_order(path, parse, lambda sample: (sample.at_ns, sample.pid))


def _too_long(samples: Sequence[InsideSample]) -> Iterator[int]:
    """Which collected for far longer than from the sample before to the one after: one is dated before it
    looks, and what is collected meanwhile is in it. What is before the first, or after the last, took no
    longer than the longest time between two, as far as that is known."""
    places: dict[int, list[int]] = {}
    for place, sample in enumerate(samples):
        places.setdefault(sample.pid, []).append(place)
    for own in places.values():
        times = [samples[place].at_ns for place in own]
        longest_ns = max((after - before for before, after in pairwise(times)), default=0)
        around = zip([times[0] - longest_ns, *times], own, [*times[1:], times[-1] + longest_ns], strict=False)
        for before_ns, place, after_ns in around:
            # A single one tells of no time around it.
            if before_ns < after_ns and samples[place].gc_ms > _TIMES_LONGER * (after_ns - before_ns) / 1e6:
                yield place


def sampled_at_ns(line: bytes) -> int:
    """When a line was sampled (Unix ns); 0, when there was none, for one that is damaged."""
    try:
        return int(orjson.loads(line)["at_ns"])
    except (LookupError, TypeError, ValueError):
        return 0
