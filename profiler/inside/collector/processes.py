"""Pools of processes: how many calls are with them, and which of these wait for a process."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from .kinds import PROCESS, PROCESS_QUEUE

NAME = "ProcessPoolExecutor"
_TO_DO = ("PENDING", "RUNNING")


class Processes:
    """One look at every `ProcessPoolExecutor` that was given a call, found by what manages them."""

    def __init__(self) -> None:
        self.calls: dict[int, str] = {}
        """What whoever has one of its calls done waits for, by the id of its `concurrent.futures.Future`."""
        self._most: int | None = 0
        self._at_work = self._queued = self._there = 0
        module = sys.modules.get("concurrent.futures.process")
        try:
            managers = list(getattr(module, "_threads_wakeups", None) or ())
        except RuntimeError:  # one came or went meanwhile
            managers = []
        for manager in managers:
            self._look(manager)
        self._any = bool(managers)

    def _look(self, manager: Any) -> None:
        there, most = len(getattr(manager, "processes", None) or ()), _most(manager)
        self._there += there
        self._most = None if most is None or self._most is None else self._most + most
        for place, call in enumerate(_calls(manager)):
            # They take them in turn. Of those that wait some are called running, so that all have one ready.
            at_work = place < (there if most is None else most)
            self.calls[id(call)] = PROCESS if at_work else PROCESS_QUEUE
            self._at_work += at_work
            self._queued += not at_work

    def to_json(self) -> list[dict[str, Any]]:
        """All of them as one executor; nothing where there is none."""
        if not self._any:
            return []
        pool = {"name": NAME, "max": self._most, "threads": self._there, "processes": True}
        return [{**pool, "busy": self._at_work, "queued": self._queued}]


def _most(manager: Any) -> int | None:
    executor = getattr(manager, "executor_reference", None)
    most = getattr(executor() if executor else None, "_max_workers", None)
    return most if isinstance(most, int) else None


def _calls(manager: Any) -> Iterator[Any]:
    """Those that are not done, the oldest first; none of a Python that keeps them in another way."""
    for item in list((getattr(manager, "pending_work_items", None) or {}).values()):
        if getattr(item.future, "_state", "") in _TO_DO:
            yield item.future
