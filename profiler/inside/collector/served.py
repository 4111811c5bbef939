"""Requests that a server answers in threads, one in each: as groups of those that wait for the same thing."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Mapping
from functools import cache
from types import FrameType
from typing import Any

from .codes import seen_code
from .owners import SERVED
from .threads import Work, frames_of, waits_for
from .walk import RUNNING, Wait


def served(
    frames: Mapping[int, FrameType], seen: Callable[[int, FrameType], Work | None]
) -> tuple[int, Counter[Wait]]:
    """That there is a server, counted as one; and all requests that it has met: those in its threads, and
    those in the queues of executors whose threads have them. ``seen``: what a thread does, by its ident and
    frame."""
    found: Counter[Wait] = Counter()
    serving: set[int] = set()
    for ident, frame in frames.items():
        if any(_serves(*seen_code(one.f_code).key) for one in frames_of(frame)):
            found[_wait(seen(ident, frame))] += 1
            serving.add(ident)
    queued = sum(queue.qsize() for queue in _queues(serving))
    if queued:
        found[Wait("executor-queue", "the server's threads", "", "")] += queued
    return 1, found


def _queues(threads: set[int]) -> list[Any]:
    """Those of the executors that these threads belong to."""
    queues = getattr(sys.modules.get("concurrent.futures.thread"), "_threads_queues", None) or {}
    return list(
        {id(queue): queue for thread, queue in list(queues.items()) if thread.ident in threads}.values()
    )


@cache
def _serves(module: str, name: str) -> bool:
    return any(modules.fullmatch(module) and names.fullmatch(name) for modules, names in SERVED)


def _wait(work: Work | None) -> Wait:
    """Of a thread that only computes it is not known whether it runs or waits to."""
    if work is None:
        return Wait(RUNNING, "", "", "")
    kind = waits_for(work) or RUNNING
    return Wait(kind, "" if kind == RUNNING else work.called.partition(":")[2], work.where, "")
