"""Memory of processes that share some of it: each page counted once, where the system says how (Linux).

The resident sets of forked workers hold the same pages; their sum can be several times what is used. A page
that n processes share is 1/n page in the proportional set of each (`/proc/PID/smaps_rollup`, proc(5)), so
those can be added up. To read it the kernel walks a process's page tables: 1.2 ms for 100 MB in pages of 4 KB
and 12 to 15 ms for 1 GB, measured on the 2 cores of the README, in which what changes that process's map of
memory (mmap) may wait. So it is read seldom enough to stay under COST of a core: after 1.2 ms 4 s later.
What a process takes or gives back in between counts as its own.
"""

from __future__ import annotations

import time
from pathlib import Path

EACH_S = 1.0
COST = 0.0003
"""Of a core, at most, for all processes together."""


class SharedMemory:
    """The proportional sets of some processes, as of not long ago."""

    def __init__(self, proc: Path = Path("/proc")) -> None:
        self._proc = proc
        self._due_s = float("-inf")
        self._bytes: dict[int, int | None] = {}
        self._resident: dict[int, int] = {}

    def refresh(self, pids: set[int], now_s: float) -> None:
        """Read those that are new, and all if it is time. ``now_s`` is any monotonic clock."""
        due = now_s >= self._due_s
        began_s = time.process_time()
        kept = set() if due else pids & self._bytes.keys()
        self._bytes = {pid: self._bytes[pid] if pid in kept else self._read(pid) for pid in pids}
        self._resident = {pid: size for pid, size in self._resident.items() if pid in kept}
        if due:
            self._due_s = now_s + max(EACH_S, (time.process_time() - began_s) / COST)

    def bytes_of(self, pid: int, resident: int) -> int | None:
        """Of a process with so many bytes resident now; None where the system does not say."""
        known = self._bytes.get(pid)
        if known is None:
            return None
        # Against the resident set of the first call since: the one in smaps_rollup is counted in another way.
        return max(0, known + resident - self._resident.setdefault(pid, resident))

    def _read(self, pid: int) -> int | None:
        try:
            for line in (self._proc / str(pid) / "smaps_rollup").read_bytes().splitlines():
                if line.startswith(b"Pss:"):
                    return int(line.split()[1]) * 1024
        except (OSError, ValueError, IndexError):
            return None  # another user's, ended, or not Linux
        return None
