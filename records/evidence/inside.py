"""What was seen inside a Python app while it ran: its samples.

`profiler.inside` writes them: a line a sample of a process. A request that runs or is ready to is no less
counted than one that waits, as a kind of its own (`READY`, `RUNNING`), so that all of them add up.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
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
    turn_ms: float | None
    """How long it had to wait for the interpreter before it looked; None: not known."""
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
            turn_ms=None if (turn_ms := raw.get("turn_ms")) is None else _milliseconds(turn_ms),
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
