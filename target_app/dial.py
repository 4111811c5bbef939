"""The dial: one stage at a time takes a known share longer, in windows of random order; off by default.

It is turned after a stage's own work and before that lets go of its thread, its permit or the event loop, by
a share of what this very run took, so that a batch of thirty is slowed as much as a batch of one. A stage
that computes burns CPU time (hashing, which holds the interpreter's lock no more than the model does); one
that waits sleeps. Windows go by the clock alone: nobody turns the dial from outside. Each is a line of a file,
with what the stages took in it.
"""

from __future__ import annotations

import asyncio
import contextlib
import hashlib
import os
import random
import threading
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter_ns, thread_time_ns
from typing import TypeVar

import orjson

PERCENTS = (10, 20, 40)
SMALLEST_MS = 2.0
"""A stage that takes less is never slowed: what that would cost is lost in the noise."""
FEWEST_RUNS = 3
"""Of a stage, by which it is known what it takes."""
LEAD = 2
"""Windows at the beginning in which nothing is slowed, to see what the stages take."""
UNEVEN = 0.2
"""By what share windows are longer or shorter than usual, so that nothing periodic keeps in step."""
IDLE = 2.0
"""After a pause of so many windows nobody asks: the next one begins when somebody does."""
KEPT = 64
"""Windows in which a run may have begun that ends now."""
BLOCK = bytes(1 << 16)
"""What is hashed at a time: 40 to 200 us."""

Found = TypeVar("Found")


@dataclass(slots=True)
class Spent:
    """What the runs of a stage that ended in a window took, and their delays as wanted and as made."""

    runs: int = 0
    own_ns: int = 0
    wanted_ns: int = 0
    made_ns: int = 0


@dataclass(slots=True)
class Window:
    """A stretch of time (Unix ns) in which one stage is slowed by so many percent, or none."""

    start_ns: int
    end_ns: int
    stage: str = ""
    percent: int = 0
    stages: dict[str, Spent] = field(default_factory=dict)

    def line(self) -> bytes:
        return orjson.dumps(self, option=orjson.OPT_APPEND_NEWLINE)


def turns(stages: Mapping[str, Spent], seed: int, number: int) -> Iterator[tuple[str, int]]:
    """One round: each stage that takes long enough by each percent, in random order, each after a window in
    which none is slowed."""
    slow = sorted(name for name, spent in stages.items() if _takes_long(spent))
    order = [(name, percent) for name in slow for percent in PERCENTS]
    random.Random(f"{seed}/{number}").shuffle(order)
    for turn in order or [("", 0)]:
        yield "", 0
        yield turn


def _takes_long(spent: Spent) -> bool:
    return spent.runs >= FEWEST_RUNS and spent.own_ns >= SMALLEST_MS * 1e6 * spent.runs


class Dial:
    """Of one process. Its stages may run in any thread."""

    def __init__(
        self, folder: Path, seconds: float, seed: int, clock: Callable[[], int] = perf_counter_ns
    ) -> None:
        """Raises OSError if nothing can be written there."""
        folder.mkdir(parents=True, exist_ok=True)
        self._file = (folder / f"{os.getpid()}.jsonl").open("ab", buffering=0)
        self._clock = self.now_ns = clock
        self._unix_ns = time.time_ns() - clock()
        self._usual_ns = round(seconds * 1e9)
        self._seed = seed
        self._random = random.Random(seed)
        self._lock = threading.Lock()
        self._latest: deque[Window] = deque(maxlen=KEPT)
        self._round = 0
        self._turns: deque[tuple[str, int]] = deque([("", 0)] * LEAD)
        self._seen: dict[str, Spent] = {}
        """Since the beginning of this round."""

    def run(self, stage: str, work: Callable[[], Found]) -> Found:
        """The work of a stage that computes, and its delay on the same thread."""
        began, began_cpu = self._clock(), thread_time_ns()
        found = work()
        own_cpu, worked = thread_time_ns() - began_cpu, self._clock()
        if share := self._share(stage, began, worked):
            _burn(thread_time_ns() + round(own_cpu * share))
        self._note(stage, began, worked, share)
        return found

    def pieces(self, stage: str, began: int, answer: Iterator[Found]) -> Iterator[Found]:
        """What was asked for elsewhere, the first of it late; whatever thread waits for it sleeps."""
        for number, piece in enumerate(answer):
            if number == 0:
                waited = self._clock()
                if share := self._share(stage, began, waited):
                    time.sleep((waited - began) * share / 1e9)
                self._note(stage, began, waited, share)
            yield piece

    async def apieces(self, stage: str, answer: AsyncGenerator[Found]) -> AsyncGenerator[Found]:
        """The same where the event loop goes on meanwhile."""
        began, first = self._clock(), True
        async with contextlib.aclosing(answer):
            async for piece in answer:
                if first:
                    first, waited = False, self._clock()
                    if share := self._share(stage, began, waited):
                        await asyncio.sleep((waited - began) * share / 1e9)
                    self._note(stage, began, waited, share)
                yield piece

    def close(self) -> None:
        with self._lock:
            if self._latest:
                self._file.write(self._latest[-1].line())
            self._file.close()

    def _share(self, stage: str, began: int, ended: int) -> float:
        """Of what a run of the stage took, how much longer it is to take: the mean over its time, for a long
        one goes through several windows."""
        began, ended = began + self._unix_ns, ended + self._unix_ns
        with self._lock:
            self._now()
            slowed = sum(
                max(0, min(ended, window.end_ns) - max(began, window.start_ns)) * window.percent
                for window in self._latest
                if window.stage == stage
            )
        return slowed / max(1, ended - began) / 100

    def _note(self, stage: str, began: int, worked: int, share: float) -> None:
        """Of a run that has ended."""
        own, made = worked - began, self._clock() - worked
        with self._lock:
            for seen in (self._now().stages, self._seen):
                spent = seen.setdefault(stage, Spent())
                spent.runs += 1
                spent.own_ns += own
                spent.wanted_ns += round(own * share)
                spent.made_ns += made if share else 0

    def _now(self) -> Window:
        """The window of this moment; those that ended before it are written."""
        now = self._unix_ns + self._clock()
        window = self._latest[-1] if self._latest else self._next(now)
        while now >= window.end_ns:
            self._file.write(window.line())
            idle = now - window.end_ns > IDLE * self._usual_ns
            window = self._next(now if idle else window.end_ns)
        return window

    def _next(self, start_ns: int) -> Window:
        if not self._turns:
            self._round += 1
            self._turns.extend(turns(self._seen, self._seed, self._round))
            if any(stage for stage, _ in self._turns):
                self._seen = {}
        stage, percent = self._turns.popleft()
        length = self._usual_ns * self._random.uniform(1 - UNEVEN, 1 + UNEVEN)
        self._latest.append(Window(start_ns, start_ns + round(length), stage, percent))
        return self._latest[-1]


def _burn(until_ns: int) -> None:
    """Until the calling thread has had so much CPU time."""
    while thread_time_ns() < until_ns:
        hashlib.sha256(BLOCK).digest()
