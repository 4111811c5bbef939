"""Looks into processes and what they start, as long as it is wanted."""

from __future__ import annotations

import select
import time
from collections.abc import Callable, Iterable

from profiler.attach.entered import Entered
from profiler.attach.target import AttachError, NotPython, target_of

MOST_PROCESSES = 32
RESCAN_S = 2.0
"""How often new processes are looked for, such as a worker that was started again."""
_WAIT_S = 0.2


class Looking:
    """``pids`` says which processes there are now; ``write`` takes whole lines of samples."""

    def __init__(
        self, pids: Callable[[], Iterable[int]], write: Callable[[bytes], object], interval_s: float
    ) -> None:
        self._pids, self._write, self._interval_s = pids, write, interval_s
        self.entered: dict[int, Entered] = {}
        self._tried: set[int] = set()
        """Once each: whatever ended it there would do so again."""
        self.refused: dict[int, AttachError] = {}
        self.looked = False
        """Was one of them looked into?"""
        self._due_s = 0.0

    def begin(self) -> None:
        """To be followed by `end`, however it goes.

        Raises:
            AttachError: the processes that there are cannot be looked into, not one of them.
        """
        self._scan()
        if not self.entered:
            raise next(iter(self.refused.values()), AttachError("there is no process to look into"))

    def _scan(self) -> None:
        self._due_s = time.monotonic() + RESCAN_S
        now = list(self._pids())
        for pid in [pid for pid in self.entered if pid not in now]:
            self._end(self.entered.pop(pid))
        for pid in now:
            if pid in self._tried or len(self.entered) >= MOST_PROCESSES:
                continue
            self._tried.add(pid)
            try:
                self.entered[pid] = Entered(target_of(pid), self._interval_s)
            except AttachError as error:
                self.refused[pid] = error

    def step(self) -> None:
        """Wait a moment for samples, and write them. Raises OSError."""
        if time.monotonic() >= self._due_s:
            self._scan()
        told = select.poll()
        by_pipe = {one.pipe: pid for pid, one in self.entered.items()}
        for pipe in by_pipe:
            told.register(pipe, select.POLLIN)
        ready = told.poll(1e3 * _WAIT_S)
        for pipe, _ in ready:
            self._read(by_pipe[pipe])
        if not ready and not self.entered:
            time.sleep(_WAIT_S)

    def _read(self, pid: int) -> None:
        one = self.entered[pid]
        lines, goes_on = one.read()
        if lines:
            self._write(lines)
        if not goes_on:
            if one.refused:
                self.refused[pid] = AttachError(f"pid {pid}: {one.refused}")
            self._end(self.entered.pop(pid))

    def _end(self, one: Entered) -> None:
        one.end()
        self.looked = self.looked or (one.has_begun and not one.refused)

    def end(self) -> list[str]:
        """Leave all as they were; a line for each that was not looked into, and why."""
        late = [pid for pid, one in self.entered.items() if not one.has_begun]
        for one in self.entered.values():
            self._end(one)
        late = [pid for pid in late if not self.entered[pid].has_begun]
        self.entered.clear()
        words = (
            "was not looked into: its main thread ran no Python code meanwhile (does it wait for a request?)"
        )
        refused = [str(why) for why in self.refused.values() if not isinstance(why, NotPython)]
        return refused + [f"pid {pid} {words}" for pid in late]
