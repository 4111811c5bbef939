"""How long the garbage collector held everything up."""

from __future__ import annotations

import gc
import time
from typing import Any


class Pauses:
    """Since they were last taken; it costs a collection a microsecond."""

    def __init__(self) -> None:
        self._count = self._total_ns = self._longest_ns = self._began_ns = 0
        gc.callbacks.append(self._told)

    def _told(self, phase: str, info: Any) -> None:
        now_ns = time.perf_counter_ns()
        if phase == "start":
            self._began_ns = now_ns
        elif self._began_ns:
            took_ns = now_ns - self._began_ns
            self._count += 1
            self._total_ns += took_ns
            self._longest_ns = max(self._longest_ns, took_ns)

    def take(self) -> dict[str, Any]:
        taken = {
            "collections": self._count,
            "ms": round(self._total_ns / 1e6, 3),
            "longest_ms": round(self._longest_ns / 1e6, 3),
        }
        self._count = self._total_ns = self._longest_ns = 0
        return taken

    def stop(self) -> None:
        if self._told in gc.callbacks:
            gc.callbacks.remove(self._told)
