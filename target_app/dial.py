"""The dial: one stage at a time takes a known share longer, in windows of random order; off by default.

It is turned after a stage's own work and before that lets go of its thread, its permit or the event loop, by
a share of what this very run took, so that a batch of thirty is slowed as much as a batch of one. A stage
that computes burns CPU time (hashing, which holds the interpreter's lock no more than the model does); one
that waits sleeps. Windows go by the clock alone: nobody turns the dial from outside. Each is a line of a
file, with what the stages took in it.
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
ANSWERS = 4.0
"""A window takes at least as long as so many answers do one after the other,"""
LONGEST = 2.0
"""and at most so many times as long as usual."""
LATEST = 0.05
"""What one more answer counts in the time that they take."""
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
        self._windows: deque[Window] = deque()
        self._current = 0
        self._answer_ns = 0.0
        self._round = 0
        self._turns: deque[tuple[str, int]] = deque([("", 0)] * LEAD)
        self._paces: dict[str, float] = {}
        """How long a stage's pieces usually come apart, ns."""
        self._seen: dict[str, Spent] = {}
        """Since the beginning of this round."""

    def run(self, stage: str, work: Callable[[], Found]) -> Found:
        """The work of a stage that computes, and its delay on the same thread."""
        began, began_cpu = self._clock(), thread_time_ns()
        found = work()
        own_cpu, worked = thread_time_ns() - began_cpu, self._clock()
        if (delay_ns := self._delay_ns(stage, began, worked)) > 0:
            _burn(thread_time_ns() + own_cpu * delay_ns // max(1, worked - began))
        self._note(stage, began, worked, delay_ns)
        return found

    def pieces(self, stage: str, began: int, answer: Iterator[Found]) -> Iterator[Found]:
        """What was asked for elsewhere, all of it late; whatever thread waits for it sleeps."""
        stream = _Stream(self, stage, began)
        for piece in answer:
            if (wait_ns := stream.wait_ns()) > 0:
                time.sleep(wait_ns / 1e9)
            stream.let_go()
            yield piece
        stream.end()

    async def apieces(self, stage: str, answer: AsyncGenerator[Found]) -> AsyncGenerator[Found]:
        """The same where the event loop goes on meanwhile."""
        stream = _Stream(self, stage, self._clock())
        async with contextlib.aclosing(answer):
            async for piece in answer:
                if (wait_ns := stream.wait_ns()) > 0:
                    await asyncio.sleep(wait_ns / 1e9)
                stream.let_go()
                yield piece
        stream.end()

    def close(self) -> None:
        with self._lock:
            if self._windows:
                self._write(self._windows[self._current])
            self._file.close()

    def answered(self, seconds: float) -> None:
        """A whole answer took so long: a change of one stage needs a few of them to come through to all."""
        self._answer_ns += (seconds * 1e9 - self._answer_ns) * (LATEST if self._answer_ns else 1)

    def _paced(self, stage: str, gap_ns: float) -> None:
        """So long its pieces came apart in an answer that was not slowed."""
        usual_ns = self._paces.get(stage)
        self._paces[stage] = gap_ns if usual_ns is None else usual_ns + (gap_ns - usual_ns) * LATEST

    def _delay_ns(self, stage: str, began: int, worked: int) -> int:
        """How much longer a run of the stage is to take. Where it is slowed by a tenth, a second brings the
        work 1/1.1 seconds further; a long run goes through several windows, of which some are yet to come."""
        at, left = began + self._unix_ns, worked - began
        with self._lock:
            self._now()
            for window in self._from(at):
                slower = 1 + (window.percent / 100 if window.stage == stage else 0.0)
                if left * slower <= window.end_ns - at:
                    break
                left -= round((window.end_ns - at) / slower)
                at = window.end_ns
        return at + round(left * slower) - (worked + self._unix_ns)

    def _from(self, at_ns: int) -> Iterator[Window]:
        """The window of a moment and all after it; before those that are still known none is slowed."""
        first = self._windows[0]
        if at_ns < first.start_ns:
            yield Window(at_ns, first.start_ns)
        number = 0
        while True:
            if number == len(self._windows):
                self._begin_next()
            if at_ns < self._windows[number].end_ns:
                yield self._windows[number]
            number += 1

    def _note(self, stage: str, began: int, worked: int, delay_ns: int) -> None:
        """Of a run that has ended."""
        made = self._clock() - worked
        with self._lock:
            for seen in (self._now().stages, self._seen):
                spent = seen.setdefault(stage, Spent())
                spent.runs += 1
                spent.own_ns += worked - began
                spent.wanted_ns += delay_ns
                spent.made_ns += made if delay_ns else 0

    def _now(self) -> Window:
        """The window of this moment; those that ended before it are written."""
        now = self._unix_ns + self._clock()
        if not self._windows:
            self._begin_next(now)
        while now >= self._windows[self._current].end_ns:
            self._write(self._windows[self._current])
            self._current += 1
            if self._current == len(self._windows):
                self._begin_next()
            if self._current > KEPT:
                self._windows.popleft()
                self._current -= 1
        return self._windows[self._current]

    def _write(self, window: Window) -> None:
        # On a full disk, or while a thread is still at work at the end: no answer fails for that.
        with contextlib.suppress(OSError, ValueError):
            self._file.write(window.line())

    def _begin_next(self, start_ns: int | None = None) -> None:
        if not self._turns:
            self._round += 1
            self._turns.extend(turns(self._seen, self._seed, self._round))
            if any(stage for stage, _ in self._turns):
                self._seen = {}
        stage, percent = self._turns.popleft()
        usual = min(max(self._usual_ns, ANSWERS * self._answer_ns), LONGEST * self._usual_ns)
        length = round(usual * self._random.uniform(1 - UNEVEN, 1 + UNEVEN))
        start_ns = self._windows[-1].end_ns if start_ns is None else start_ns
        self._windows.append(Window(start_ns, start_ns + length, stage, percent))


class _Stream:
    """The pieces of one answer: the first is late, and those after it follow at their usual pace, as a slower
    server's do. They came meanwhile, and would else catch up."""

    def __init__(self, dial: Dial, stage: str, began: int) -> None:
        self._dial, self._stage, self._began = dial, stage, began
        self._count = self._delay_ns = self._came = self._first = self._last = 0

    def wait_ns(self) -> int:
        """How long to keep the piece that has come."""
        now = self._dial.now_ns()
        if self._count == 0:
            self._came, self._delay_ns = now, self._dial._delay_ns(self._stage, self._began, now)
            return self._delay_ns
        if self._delay_ns <= 0:
            return 0
        return self._first + round(self._count * self._dial._paces.get(self._stage, 0.0)) - now

    def let_go(self) -> None:
        self._last = self._dial.now_ns()
        if self._count == 0:
            self._first = self._last
            self._dial._note(self._stage, self._began, self._came, self._delay_ns)
        self._count += 1

    def end(self) -> None:
        """It is whole."""
        if self._delay_ns <= 0 and self._count > 1:
            self._dial._paced(self._stage, (self._last - self._first) / (self._count - 1))


def _burn(until_ns: int) -> None:
    """Until the calling thread has had so much CPU time."""
    while thread_time_ns() < until_ns:
        hashlib.sha256(BLOCK).digest()
