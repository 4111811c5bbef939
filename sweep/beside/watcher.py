"""A process of ours that watches a cell: it has begun before the load does, and is ended after it.

On the load's CPUs Locust comes before all that is not real-time, and who looks on has what it leaves: of a
load that never waits 5 % of a CPU, which the kernel keeps from real-time programs for all others. To take
samples costs 0.6 % of a core, so that is enough, and nobody who looks on needs a priority that would keep the
load waiting. To start does not: Python and what it imports take 0.5 s of CPU, which is 10 s then, longer than
a short load. Who looks on would be told to end before it had begun.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sweep.beside.ended import Ended
from sweep.planning.bounds import load_seconds
from sweep.planning.plan import Plan
from sweep.running.processes import Child
from sweep.running.waiting import wait_begun

_BEGIN_SECONDS = 20.0
"""For a process to start, on a busy machine."""
_MORE_SECONDS = 60.0
"""Than a cell is measured: its end ends who watches it."""


def longest_seconds(plan: Plan) -> float:
    """How long one watches at most, should nobody end it."""
    return load_seconds(plan.cell_seconds[1]) + _MORE_SECONDS


@contextmanager
def watching(
    child: Child,
    name: str,
    *,
    has_begun: Callable[[], bool],
    ended: Ended,
    begin_seconds: float = _BEGIN_SECONDS,
    finish_seconds: float = 0.0,
) -> Iterator[None]:
    """It watches within; one that ended, or took too long to begin, is not waited for: a cell is none the
    worse without it.

    ``ended``: told where it was killed. ``finish_seconds``: what it may take to write the rest when it is
    interrupted; 0: it has written all that it has, and is not asked.
    """
    try:
        wait_begun(child, has_begun, begin_seconds)
        yield
    finally:
        ended.watcher(name, child)
        child.finish(finish_seconds)
