"""When the event loop looked at its sockets, and when its process stood still.

The loop polls, calls back, and polls again: a turn. What is read in one turn had not come when the poll of
the turn before was made, for that poll would have reported it; and that was later than anything that happened
in the turn before that one. So a time of two turns ago bounds how much earlier than its stamp the first of
several segments read together can have come. A tick keeps an idle loop turning, so that the bound is close
wherever nothing holds the process up. Turns are told apart by the loop's own count of them: a callback of
ours in each would cost as much as reading an event.
"""

from __future__ import annotations

import ctypes
import os
import time
from array import array
from bisect import bisect_right
from typing import Any

TICK_NS = 750_000
"""At the longest two polls of an idle loop lie between a stamp and ``looked_ns``: less than `LATE_NS`."""
BUSY_TICK_NS = 1_800_000
"""The same where traffic itself keeps the loop turning: a tick costs a core as much as two events."""
BUSY_TURNS = 6
"""So many turns in a tick are traffic's."""
STALL_NS = 2_000_000
"""Ticks further apart are looked into."""
LIMIT = 200_000
"""Stalls kept; a longer list keeps its last half."""
_ALWAYS_NS = 2**62
_READ = 1  # libev's EV_READ


class Turns:
    """One process's loop. Before ``start`` it claims to have just looked: nothing is in doubt."""

    def __init__(self) -> None:
        self.looked_ns = _ALWAYS_NS
        """Monotonic ns: what is read in the turn that was last asked about came later than this."""
        self._loop: Any = None
        self._turn = 0
        self._seen_ns = self._before_ns = _ALWAYS_NS
        """Something happened then in turn ``_turn``, and in one before it."""
        self._ticked_ns = self._ticked_cpu_ns = 0
        self._from_ns, self._to_ns, self._lost_ns = array("q"), array("q"), array("q")
        self._watchers: list[Any] = []
        self._timer: int | None = None
        self._tick_ns = TICK_NS
        self._turn_at_tick = 0

    def start(self, loop: Any) -> None:
        """Follow ``loop``, gevent's, from now on."""
        if self._watchers:
            return
        self._loop, self._turn = loop, loop.iteration
        self.looked_ns = self._before_ns = self._seen_ns = self._ticked_ns = time.monotonic_ns()
        self._ticked_cpu_ns = time.thread_time_ns()
        self._timer = _timer()
        if self._timer is None:  # its loop's timers keep whole milliseconds only
            ticking = loop.timer(TICK_NS / 1e9, TICK_NS / 1e9, ref=False)
            ticking.start(self.tick)
        else:
            ticking = loop.io(self._timer, _READ, ref=False)
            ticking.start(self._tick_of, self._timer)
        self._watchers = [ticking]

    def stop(self) -> None:
        """Follow it no more. What was seen is kept."""
        for watcher in self._watchers:
            watcher.stop()
            watcher.close()
        self._watchers = []
        if self._timer is not None:
            os.close(self._timer)
            self._timer = None
        self._loop = None
        self.looked_ns = _ALWAYS_NS

    def looked(self) -> int:
        """``looked_ns`` for this turn."""
        loop = self._loop
        if loop is not None and (turn := loop.iteration) != self._turn:
            # Of two turns ago at the least: the poll between was not made before it.
            self.looked_ns = self._before_ns if turn == self._turn + 1 else self._seen_ns
            self._before_ns, self._seen_ns, self._turn = self._seen_ns, time.monotonic_ns(), turn
        return self.looked_ns

    def _tick_of(self, timer: int) -> None:
        try:
            os.read(timer, 8)
        except BlockingIOError:
            return
        self.tick()
        turns, self._turn_at_tick = self._turn - self._turn_at_tick, self._turn
        tick_ns = BUSY_TICK_NS if turns >= BUSY_TURNS else TICK_NS
        if tick_ns != self._tick_ns:
            self._tick_ns = tick_ns
            _set(timer, tick_ns)

    def tick(self) -> None:
        """Was there a stall since the last tick: time in which this process was due to run and did not?

        Work of its own is none: that shows in its CPU, and in the dates of what was read after it.
        """
        self.looked()
        now_ns, cpu_ns = time.monotonic_ns(), time.thread_time_ns()
        ticked_ns, passed_ns = self._ticked_ns, now_ns - self._ticked_ns
        if passed_ns > STALL_NS:
            # Of a long tick all is taken for a stall that was no work: it can have been at any time of it.
            due_ns = TICK_NS if self._tick_ns == TICK_NS else 0
            self.add(ticked_ns, now_ns, passed_ns - (cpu_ns - self._ticked_cpu_ns) - due_ns)
        self._ticked_ns, self._ticked_cpu_ns = now_ns, cpu_ns

    def add(self, from_ns: int, to_ns: int, lost_ns: int) -> None:
        """The process stood still for ``lost_ns`` of this time."""
        if lost_ns < STALL_NS - TICK_NS:
            return
        if len(self._from_ns) >= LIMIT:
            for values in (self._from_ns, self._to_ns, self._lost_ns):
                del values[: LIMIT // 2]
        self._from_ns.append(from_ns)
        self._to_ns.append(to_ns)
        self._lost_ns.append(min(lost_ns, to_ns - from_ns))

    def stood_still_ns(self, from_ns: int, to_ns: int) -> int:
        """For how much of a time (monotonic ns) the process can have stood still, at the most."""
        if self._watchers:
            self.tick()  # a stall that has only just ended
        total, place = 0, bisect_right(self._to_ns, from_ns)
        while place < len(self._from_ns) and self._from_ns[place] < to_ns:
            shared = min(self._to_ns[place], to_ns) - max(self._from_ns[place], from_ns)
            total += min(self._lost_ns[place], shared)
            place += 1
        return total


def _timer() -> int | None:
    """A timer of the kernel's as a file that is readable at each tick; None where there is none."""
    try:
        libc = ctypes.CDLL(None, use_errno=True)
        timer: int = libc.timerfd_create(time.CLOCK_MONOTONIC, os.O_NONBLOCK | os.O_CLOEXEC)
    except (AttributeError, OSError):
        return None
    return timer if timer >= 0 and _set(timer, TICK_NS) else None


def _set(timer: int, tick_ns: int) -> bool:
    """Let it tick so often from now on. False where it cannot."""
    each = (ctypes.c_long * 4)(0, tick_ns, 0, tick_ns)  # struct itimerspec: the interval, the first one
    failed: int = ctypes.CDLL(None).timerfd_settime(timer, 0, ctypes.byref(each), None)
    return not failed
