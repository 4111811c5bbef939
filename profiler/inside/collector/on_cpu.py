"""How long a thread of this process was on a CPU, and waited for one: as the kernel counts it."""

from __future__ import annotations

import sys

from .at_once import Reader


class OnCpu:
    """Of any of them. Where the kernel does not say, or nobody knows the thread's number, it is nothing."""

    def __init__(self) -> None:
        self._reader = Reader()

    def look(self, thread: int) -> dict[str, int]:
        """By its ident: ``cpu_ns``, ``cpu_wait_ns``, since it began."""
        known = getattr(sys.modules.get("threading"), "_active", {}).get(thread)
        number = getattr(known, "native_id", None)
        if number is None:
            return {}
        file = self._reader.open(b"/proc/self/task/%d/schedstat" % number)
        counted = self._reader.read(file).split()
        self._reader.close(file)
        try:
            return {"cpu_ns": int(counted[0]), "cpu_wait_ns": int(counted[1])}
        except (ValueError, IndexError):
            return {}
