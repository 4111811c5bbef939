"""Stacks of an app's threads, taken from outside while it ran: `profiler.stacks` writes a line a process."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from records.evidence.in_order import in_order
from records.secrets.secret_names import harmless


@dataclass(frozen=True, kw_only=True, slots=True)
class Thread:
    of: Literal["loop", "executor", "other"]
    name: str
    """Of an executor."""
    state: Literal["idle", "cpu", "waits"]
    """``idle`` waits for work; ``waits`` is at work that uses no processor, as in a call that blocks."""
    gil: bool
    """Does it hold the interpreter's lock?"""
    at: str
    """The innermost line of the app's own, else of any; empty of one that is idle."""


@dataclass(frozen=True, kw_only=True, slots=True)
class StackSample:
    at_ns: int
    pid: int
    threads: Annotated[tuple[Thread, ...], Field(default=())] = ()
    error: str = ""
    """Why there is none."""


@dataclass(frozen=True, kw_only=True)
class Stacks:
    """What they come to over a span of time."""

    samples: int
    loops: int
    """Threads of event loops that were seen, one a sample and loop,"""
    held: float
    """the share of those that were at work,"""
    on_cpu: float
    """and of those that used a processor for it."""
    places: Mapping[str, float]
    """The shares that were at work at each line."""
    executors: float
    """Threads of executors at a time, the mean,"""
    busy: float
    """and of those, that were at work."""
    holders: Mapping[str, float]
    """In which share of the samples the interpreter's lock was held where; a loop's thread is ``loop``."""
    error: str
    """Why nothing was seen, where it was so at least once."""


_SAMPLE = TypeAdapter(StackSample)


def parse(line: bytes) -> StackSample:
    """Raises ValueError for what is no sample."""
    return _SAMPLE.validate_json(line)


def read_stacks(path: Path) -> list[StackSample]:
    """The samples by their time, one of a process at a moment; bad lines, and a last one that a kill cut off,
    are left out. Raises OSError."""
    return in_order(path, parse, lambda sample: (sample.at_ns, sample.pid))


def summary(samples: Iterable[StackSample], start_ns: int, end_ns: int) -> Stacks | None:
    """Of the samples in that span; None where there is none."""
    inside = [sample for sample in samples if start_ns <= sample.at_ns <= end_ns]
    seen = [sample for sample in inside if not sample.error]
    if not inside:
        return None
    count = len(seen) or 1
    loops = [thread for sample in seen for thread in sample.threads if thread.of == "loop"]
    pools = [thread for sample in seen for thread in sample.threads if thread.of == "executor"]
    at_work = [thread for thread in loops if thread.state != "idle"]
    places = Counter(harmless(thread.at) for thread in at_work)
    holders = Counter(
        "loop" if thread.of == "loop" else harmless(thread.at)
        for sample in seen
        for thread in sample.threads
        if thread.gil
    )
    return Stacks(
        samples=len(seen),
        loops=len(loops),
        held=len(at_work) / len(loops) if loops else 0.0,
        on_cpu=sum(one.state == "cpu" for one in loops) / len(loops) if loops else 0.0,
        places={at: number / len(loops) for at, number in places.most_common()},
        executors=len(pools) / count,
        busy=sum(one.state != "idle" for one in pools) / count,
        holders={at: number / count for at, number in holders.most_common()},
        error=harmless(next((one.error for one in inside if one.error), "")),
    )
