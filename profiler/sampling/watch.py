"""Which processes are followed: those named by pid, command line or port, and all their descendants."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress

import psutil

from profiler.sampling.kernel import newest_pid
from profiler.sampling.listeners import Listeners, Port

RESCAN_S = 2.0
"""How often command lines are read: costly, and seldom news. So are all processes, while none is born."""


class Watch:
    """The followed processes, brought up to date by ``refresh``. The profiler itself is never among them."""

    def __init__(
        self, pids: Iterable[int], pattern: re.Pattern[str] | None = None, port: int | None = None
    ) -> None:
        """Raises psutil.NoSuchProcess for a pid that is not there, AccessDenied for one we may not see."""
        self._pattern = pattern
        self._port = None if port is None else Port(port)
        self.listeners: Listeners | None = None
        """Who listened on the port when it was last looked at."""
        self.found = False
        """Was there ever a process to follow?"""
        self._followed: dict[int, psutil.Process] = {}
        self._known: set[int] = set()
        self._newest: int | None = None
        self._scanned_s = float("-inf")
        # Whoever started us with --match bears the pattern in its own command line, as we do.
        self._never_matched = {os.getpid(), *(parent.pid for parent in psutil.Process().parents())}
        for pid in pids:
            self.add(pid)
            self._followed[pid].cpu_times()

    def add(self, pid: int) -> None:
        self._follow(psutil.Process(pid))

    def leave_out(self, pid: int) -> None:
        """One of ours: it is no match, whatever its command line says."""
        self._never_matched.add(pid)

    def _follow(self, process: psutil.Process) -> None:
        self._followed[process.pid] = process
        self._known.clear()  # its children may be known already as nobody's
        self.found = True

    def processes(self) -> tuple[psutil.Process, ...]:
        return tuple(self._followed.values())

    def drop(self, process: psutil.Process) -> None:
        """It has ended. Its number may be a child's already."""
        self._followed.pop(process.pid, None)
        if not process.is_running():  # a zombie still bears it
            self._known.discard(process.pid)

    def refresh(self, now_s: float) -> None:
        """Find new children, and new matches if it is time. ``now_s`` is any monotonic clock."""
        if self._port is not None:
            self._listen(self._port, now_s)
        newest = newest_pid()  # before all are listed: one that is born meanwhile is found the next time
        due = now_s - self._scanned_s >= RESCAN_S
        none_born = newest is not None and newest == self._newest
        if self._known and none_born and not due:
            return
        self._newest = newest
        pids = set(psutil.pids())
        if due:
            self._scanned_s = now_s
            if self._pattern is not None:
                self._match(self._pattern, pids)
        self._adopt(pids)

    def _listen(self, port: Port, now_s: float) -> None:
        """Follow who listens, the next service there too; those of before as long as they run."""
        found = port.look(now_s)
        if found is None:
            return
        self.listeners = found
        for pid in found.pids - self._followed.keys() - {os.getpid()}:
            with suppress(psutil.Error):
                self.add(pid)

    def _match(self, pattern: re.Pattern[str], pids: set[int]) -> None:
        for pid in pids - self._followed.keys() - self._never_matched:
            try:
                process = psutil.Process(pid)
                if pattern.search(" ".join(process.cmdline())):
                    self._follow(process)
            except psutil.Error:
                continue

    def _adopt(self, pids: set[int]) -> None:
        """Follow descendants. Only pids not seen before are asked for their parent: a process that is
        nobody's child of ours never becomes one, and one that is stays ours though its parent dies."""
        parents = dict(_parents(pids - self._known))
        self._known = pids
        found = True
        while found:
            found = False
            for pid, (parent, process) in parents.items():
                if parent in self._followed and pid not in self._followed and pid != os.getpid():
                    self._followed[pid] = process
                    found = True


def _parents(pids: set[int]) -> Iterator[tuple[int, tuple[int, psutil.Process]]]:
    for pid in pids:
        try:
            process = psutil.Process(pid)
            yield pid, (process.ppid(), process)
        except psutil.Error:
            continue
