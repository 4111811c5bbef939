"""Memory of processes that share some of it: each page counted once, where the system says how (Linux).

The resident sets of forked workers hold the same pages; their sum can be several times what is used. A page
that n processes share is 1/n page in the proportional set of each (`/proc/PID/smaps_rollup`, proc(5)), so
those can be added up. To read it the kernel walks a process's page tables, milliseconds for a large one, so
that it is read seldom enough to stay under COST of a core, and not read again in between.
"""

from __future__ import annotations

import time
from pathlib import Path

EACH_S = 1.0
COST = 0.002
"""Of a core, at most, for all processes together."""


class SharedMemory:
    """The proportional sets of some processes, as of not long ago."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._due_s = float("-inf")
        self._bytes: dict[int, int | None] = {}

    def refresh(self, pids: set[int], now_s: float) -> None:
        """Read those that are new, and all if it is time. ``now_s`` is any monotonic clock."""
        due = now_s >= self._due_s
        began_s = time.monotonic()
        kept = {} if due else {pid: self._bytes[pid] for pid in pids & self._bytes.keys()}
        self._bytes = kept | {pid: self._read(pid) for pid in pids - kept.keys()}
        if due:
            self._due_s = now_s + max(EACH_S, (time.monotonic() - began_s) / COST)

    def bytes_of(self, pid: int) -> int | None:
        """None where the system does not say."""
        return self._bytes.get(pid)

    def _read(self, pid: int) -> int | None:
        try:
            for line in (self._proc / str(pid) / "smaps_rollup").read_bytes().splitlines():
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
        except (OSError, ValueError, IndexError):
            return None  # another user's, ended, or not Linux
        return None
