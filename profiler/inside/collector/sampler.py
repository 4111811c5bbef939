"""The thread that looks: at a pace that costs little, while an event loop runs here and somebody reads."""

from __future__ import annotations

import _thread
import atexit
import json
import os
import signal
import sys
import time
from contextlib import suppress
from types import CodeType
from typing import Any

from .loops import loops_of_asyncio
from .on_cpu import OnCpu
from .pace import Pace
from .pauses import Pauses
from .processes import Processes
from .returned import Returned
from .served import served
from .sinks import Sink
from .tasks import Tasks
from .threads import Executors, at_work, loop_frame
from .turn import Turn
from .undisturbed import forked, undisturbed

PYTHON = " ".join(sys.version.split())
"""Its version and build: how quick Python is depends on how it was compiled, too."""
_LOOK_S = 1.0
"""How often it looks for loops, and whether it is read, where nobody tells it."""


class Ping:
    """How long the loop takes to come to what is asked of it: one question at a time."""

    def __init__(self, loop: Any, runs_it: CodeType) -> None:
        self.loop = loop
        self.runs_it = runs_it
        self._asked_s = self._longest_s = 0.0

    def send(self) -> None:
        if not self._asked_s:
            self._asked_s = time.monotonic()
            try:
                self.loop.call_soon_threadsafe(self._answer)
            except RuntimeError:  # it is closed
                self._asked_s = 0.0

    def _answer(self) -> None:
        asked_s, self._asked_s = self._asked_s, 0.0
        self._longest_s = max(self._longest_s, time.monotonic() - asked_s)

    def take_ms(self) -> float:
        """The longest since it was last taken; a question without an answer is as old as it is."""
        asked_s = self._asked_s
        pending_s = time.monotonic() - asked_s if asked_s else 0.0
        longest_s, self._longest_s = max(self._longest_s, pending_s), 0.0
        return round(1e3 * longest_s, 3)


class Sampler:
    """One a process. Whatever goes wrong is counted, and never the app's trouble.

    ``told``: of loops that begin and end it is told; else it looks for them.
    """

    def __init__(self, sink: Sink, interval_s: float, *, told: bool) -> None:
        self.pings: dict[int, Ping] = {}
        """By the thread that its loop runs in."""
        self._sinks = [sink]
        self._taken = _thread.allocate_lock()
        """Held by whoever changes the sinks, or ends for there are none."""
        self._told = told
        self._looked_s = float("-inf")
        self._interval_s = interval_s
        self._pace = Pace(interval_s)
        self._anchor_ns = time.time_ns() - time.monotonic_ns()
        self._serves = False
        self._pauses = Pauses()
        self._executors = Executors()
        self._turn: Turn | None = None
        self._on_cpu: OnCpu | None = None
        self._errors = 0
        self.stopped = False
        self._wake = _thread.allocate_lock()
        self._wake.acquire()
        self._ended = _thread.allocate_lock()
        self._ended.acquire()
        _thread.start_new_thread(self._run, ())

    def begins(self, thread: int, loop: Any, runs_it: CodeType) -> None:
        self.pings[thread] = Ping(loop, runs_it)
        self._rouse()

    def serves(self) -> None:
        """A server that answers in threads begins: there are requests without a loop."""
        self._serves = True
        self._rouse()

    def ends(self, thread: int) -> None:
        self.pings.pop(thread, None)

    def add(self, sink: Sink) -> bool:
        """Also write there; False: it has come to its end, and does not."""
        if not self._taken.acquire(timeout=1.0):
            return False
        try:
            if not self.stopped:
                self._sinks.append(sink)
            return not self.stopped
        finally:
            self._taken.release()

    def stop(self) -> None:
        """Before Python ends; it waits until the thread is out of Python."""
        self.stopped = True
        self._rouse()
        self._ended.acquire(timeout=1.0)

    def forked(self) -> None:
        """In a child, to which the thread did not come along: leave the parent's file alone."""
        forked()
        self._pauses.stop()
        self._close()
        for sink in self._sinks:
            sink.close()

    def _close(self) -> None:
        """The files of the kernel's."""
        for reading in (self._turn, self._on_cpu):
            if reading is not None:
                reading.close()

    def _rouse(self) -> None:
        if self._wake.locked():
            with suppress(RuntimeError):  # another thread was faster
                self._wake.release()

    def _run(self) -> None:
        try:
            if hasattr(signal, "pthread_sigmask"):  # no signal that the app waits for is ours to take
                signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            pause_s = self._interval_s
            self._turn = Turn()  # made by the thread that it is of
            self._returned = Returned()  # here, for an app waits for what it loads
            self._on_cpu = OnCpu()
            while self._is_wanted():
                self._look_for_loops()
                if self.pings or self._serves:
                    self._pause(pause_s, self._turn)
                    pause_s = self._sample_once()
                elif self._told:  # roused by the next loop
                    self._wake.acquire()
                else:
                    self._wake.acquire(timeout=_LOOK_S)
        except BaseException:
            self._errors += 1
        finally:
            self.stopped = True
            self._pauses.stop()
            self._close()
            self._ended.release()

    def _is_wanted(self) -> bool:
        with self._taken:
            self._sinks = [sink for sink in self._sinks if not sink.gone()]
            if not self._sinks and not self.stopped:
                self.stopped = True
                atexit.unregister(self.stop)
        return not self.stopped

    def _look_for_loops(self) -> None:
        now_s = time.monotonic()
        if self._told or now_s - self._looked_s < _LOOK_S:
            return
        self._looked_s = now_s
        for thread, ping in list(self.pings.items()):
            if not ping.loop.is_running():
                self.ends(thread)
        with undisturbed():
            seen = list(loops_of_asyncio(sys._current_frames()))
        for found in seen:
            if found.thread not in self.pings:
                self.pings[found.thread] = Ping(found.loop, found.runs_it)

    def _pause(self, seconds: float, turn: Turn) -> None:
        turn.pauses()
        ends_s = time.monotonic() + seconds
        while not self.stopped and (left_s := ends_s - time.monotonic()) > 0:
            self._wake.acquire(timeout=left_s)
        turn.wakes(ends_s)

    def _sample_once(self) -> float:
        """One line; how long to pause then."""
        self._pace.begins()
        pings = dict(self.pings)
        try:
            sinks = [sink for sink in self._sinks if sink.takes()]
            if (pings or self._serves) and sinks:
                with undisturbed():
                    sample = self._sample(pings)
                self._write(json.dumps(sample, separators=(",", ":")).encode() + b"\n", sinks)
        except Exception:
            self._errors += 1
        for ping in pings.values():  # last, so that we do not ourselves keep it from answering
            ping.send()
        return self._pace.pause_s()

    def _sample(self, pings: dict[int, Ping]) -> dict[str, Any]:
        at_ns = self._anchor_ns + time.monotonic_ns()
        began_s = time.thread_time()
        frames = sys._current_frames()
        loops = [
            {
                "lag_ms": ping.take_ms(),
                "running": loop_frame(frames.get(thread), ping.runs_it),
                **({} if self._on_cpu is None else self._on_cpu.look(thread)),
            }
            for thread, ping in pings.items()
        ]
        processes = Processes()
        executors = [*self._executors.look(frames), *processes.to_json()]
        self._returned.looks(None if self._turn is None else self._turn.ms)
        threads = at_work(frames, pings, _thread.get_ident(), self._returned.work)
        tasks = Tasks(processes.calls)
        if self._serves:
            tasks.add(*served(frames, self._returned.work))
        del frames  # it keeps alive what they hold
        for ping in pings.values():
            try:
                tasks.look(ping.loop)
            except Exception:  # asyncio gives up when tasks come and go too fast
                self._errors += 1
        return {
            "at_ns": at_ns,
            "pid": os.getpid(),
            "python": PYTHON,
            "loops": loops,
            **tasks.to_json(),
            "executors": executors,
            "threads": threads,
            "gc": self._pauses.take(),
            "turn_ms": None if self._turn is None else self._turn.ms,
            "errors": self._errors + tasks.errors,
            "took_us": round(1e6 * (time.thread_time() - began_s)),
        }

    def _write(self, line: bytes, sinks: list[Sink]) -> None:
        for sink in sinks:
            try:
                sink.write(line)
            except OSError:
                self._errors += 1
