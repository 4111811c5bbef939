"""Where what holds the loop is moved to: Python in a thread keeps its process's others waiting."""

from __future__ import annotations

from reports.evidence.libraries import AS_DONE
from reports.evidence.machine import FILLED
from reports.evidence.service import Service
from reports.findings.loop.on_loop import MOVED, SEARCH, SMALLER_INDEX, Cause, OnLoop

COMPUTES = 0.5
"""The share of the time for which the loop is held from which on its thread computes then, by its CPU."""
RELEASES = frozenset(("embedding", "search"))
"""Kinds of work whose libraries compute without the interpreter: a thread is enough."""
TO_PROCESSES = (
    "Run this in processes (more workers, or a ProcessPoolExecutor), or do less of it: a thread of its own"
    " would keep the loop from the interpreter just so, unless what is called releases that"
)
LESS = (
    "Do less of it for each request, or give it more CPUs and run it in processes (more workers, or a"
    " ProcessPoolExecutor): those that it has are full, and a thread of its own would keep the loop from the"
    " interpreter just so, unless what is called releases that"
)
TO_A_THREAD = (
    "Run this call in a thread (await asyncio.to_thread(...)): what waits for a disk lets the loop go on from"
    " there; only what it computes in Python besides gains by a process"
)


def elsewhere(why: Cause, service: Service, on_loop: OnLoop) -> str:
    """The cause's advice; to move such work off the loop it is to processes, where a thread may gain nothing,
    and to a thread, where it is files that are written or read: the kernel's part of that takes CPU, too.
    What nobody has to do for a request (`AS_DONE`) is not moved."""
    inside, (computes, _), kind = service.heavy.inside, service.heavy.loop_cpu, on_loop.kind
    if why in MOVED and kind not in AS_DONE and on_loop.of_files >= COMPUTES * on_loop.of_function > 0:
        return TO_A_THREAD
    machine = service.heavy.machine
    full = machine is not None and machine.busy >= FILLED
    if why is SEARCH and full:
        return SMALLER_INDEX
    if inside is None or computes is None or why not in MOVED or kind in AS_DONE | RELEASES:
        return why.advice
    if computes < COMPUTES * inside.loop_busy:
        return why.advice
    return LESS if full else TO_PROCESSES
