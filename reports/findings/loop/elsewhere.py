"""Where what holds the loop is moved to: Python in a thread keeps its process's others waiting."""

from __future__ import annotations

from reports.evidence.libraries import AS_DONE
from reports.evidence.service import Service

COMPUTES = 0.5
"""The share of the time for which the loop is held from which on its thread computes then, by its CPU."""
RELEASES = frozenset(("embedding", "search"))
"""Kinds of work whose libraries compute without the interpreter: a thread is enough."""
TO_PROCESSES = (
    "Run this in processes (more workers, or a ProcessPoolExecutor), or do less of it: a thread of its own"
    " would keep the loop from the interpreter just so, unless what is called releases that"
)


def elsewhere(advice: str, service: Service, kind: str) -> str:
    """The advice to move work of that kind off the loop, to processes where a thread may gain nothing. What
    nobody has to do for a request (`AS_DONE`) is not moved."""
    inside, machine = service.heavy.inside, service.heavy.machine
    computes = machine.main_thread_cpu if machine is not None else None
    if inside is None or computes is None or kind in AS_DONE | RELEASES:
        return advice
    return TO_PROCESSES if computes >= COMPUTES * inside.loop_busy else advice
