"""How long a thread of this process was on a CPU, and waited for one: as the kernel counts it."""

from __future__ import annotations

from .at_once import Reader


class OnCpu:
    """Of any of them. Where the kernel does not say, or nobody knows the thread's number, it is nothing."""

    def __init__(self) -> None:
        self._reader = Reader()
        self._files: dict[int, int] = {}
        """By the thread's ident: to open one takes longer than to read it."""

    def look(self, thread: int) -> dict[str, int]:
        """By its ident: ``cpu_ns``, ``cpu_wait_ns``, since it began."""
        text = self._reader.read(self._files.get(thread, -1))
        if not text:  # the first time, or the one that had its ident has ended
            self._reader.close(self._files.pop(thread, -1))
            self._files[thread] = self._reader.of_thread(thread, b"schedstat")
            text = self._reader.read(self._files[thread])
        counted = text.split()
        try:
            return {"cpu_ns": int(counted[0]), "cpu_wait_ns": int(counted[1])}
        except (ValueError, IndexError):
            return {}

    def close(self) -> None:
        while self._files:
            self._reader.close(self._files.popitem()[1])
