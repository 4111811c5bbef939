"""How long a thread of this process was on a CPU, and waited for one: as the kernel counts it."""

from __future__ import annotations

from .at_once import Reader


class OnCpu:
    """Of any of them. Where the kernel does not say, or nobody knows the thread's number, it is nothing."""

    def __init__(self) -> None:
        self._reader = Reader()

    def look(self, thread: int) -> dict[str, int]:
        """By its ident: ``cpu_ns``, ``cpu_wait_ns``, since it began."""
        counted = self._reader.of_thread(thread, b"schedstat").split()
        try:
            return {"cpu_ns": int(counted[0]), "cpu_wait_ns": int(counted[1])}
        except (ValueError, IndexError):
            return {}
