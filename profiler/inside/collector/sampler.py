"""The thread that looks: at a pace that costs little, as long as an event loop runs in this process."""

from __future__ import annotations

import _thread
import json
import os
import signal
import sys
import time
from contextlib import suppress
from types import CodeType
from typing import Any

from .pace import Pace
from .pauses import Pauses
from .served import served
from .tasks import Tasks
from .threads import Executors, at_work, loop_frame

MOST_BYTES = 256 << 20
"""Of a process's file, after which it only runs on."""


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
    """One a process. Whatever goes wrong is counted, and never the app's trouble."""

    def __init__(self, folder: str, interval_s: float) -> None:
        self.pings: dict[int, Ping] = {}
        """By the thread that its loop runs in."""
        self._path = os.path.join(folder, f"{os.getpid()}.jsonl")
        self._interval_s = interval_s
        self._pace = Pace(interval_s)
        self._anchor_ns = time.time_ns() - time.monotonic_ns()
        self._serves = False
        self._pauses = Pauses()
        self._executors = Executors()
        self._errors = 0
        self._size = 0
        self._file = -1
        self._stopped = False
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

    def stop(self) -> None:
        """Before Python ends; it waits until the thread is out of Python."""
        self._stopped = True
        self._rouse()
        self._ended.acquire(timeout=1.0)

    def forked(self) -> None:
        """In a child, to which the thread did not come along: leave the parent's file alone."""
        self._pauses.stop()
        if self._file >= 0:
            os.close(self._file)

    def _rouse(self) -> None:
        if self._wake.locked():
            with suppress(RuntimeError):  # another thread was faster
                self._wake.release()

    def _run(self) -> None:
        try:
            if hasattr(signal, "pthread_sigmask"):  # no signal that the app waits for is ours to take
                signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            pause_s = self._interval_s
            while not self._stopped:
                if self.pings or self._serves:
                    self._pause(pause_s)
                    pause_s = self._sample_once()
                else:  # roused by the next loop
                    self._wake.acquire()
        except BaseException:
            self._errors += 1
        finally:
            self._pauses.stop()
            self._ended.release()

    def _pause(self, seconds: float) -> None:
        ends_s = time.monotonic() + seconds
        while not self._stopped and (left_s := ends_s - time.monotonic()) > 0:
            self._wake.acquire(timeout=left_s)

    def _sample_once(self) -> float:
        """One line; how long to pause then."""
        self._pace.begins()
        pings = dict(self.pings)
        try:
            if (pings or self._serves) and self._size < MOST_BYTES:
                self._write(self._sample(pings))
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
            {"lag_ms": ping.take_ms(), "running": loop_frame(frames.get(thread), ping.runs_it)}
            for thread, ping in pings.items()
        ]
        executors = self._executors.look(frames)
        threads = at_work(frames, pings, _thread.get_ident())
        tasks = Tasks()
        if self._serves:
            tasks.add(*served(frames))
        del frames  # it keeps alive what they hold
        for ping in pings.values():
            try:
                tasks.look(ping.loop)
            except Exception:  # asyncio gives up when tasks come and go too fast
                self._errors += 1
        return {
            "at_ns": at_ns,
            "pid": os.getpid(),
            "loops": loops,
            **tasks.to_json(),
            "executors": executors,
            "threads": threads,
            "gc": self._pauses.take(),
            "errors": self._errors + tasks.errors,
            "took_us": round(1e6 * (time.thread_time() - began_s)),
        }

    def _write(self, line: dict[str, Any]) -> None:
        data = json.dumps(line, separators=(",", ":")).encode() + b"\n"
        if self._file < 0:
            flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            self._file = os.open(self._path, flags, 0o644)
        self._size += os.write(self._file, data)
