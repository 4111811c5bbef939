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
    if why is SEARCH and _has_full_cpus(service):
        return SMALLER_INDEX
    if why in MOVED and on_loop.kind not in AS_DONE and _is_of_files(on_loop):
        return TO_A_THREAD
    if not _keeps_the_interpreter(why, service, on_loop):
        return why.advice
    return LESS if _has_full_cpus(service) else TO_PROCESSES


def takes_as_much_elsewhere(why: Cause, service: Service, on_loop: OnLoop) -> bool:
    """Is that computing for which there is no more CPU, wherever it is moved to? Then moving it gains
    nothing, and what less of it would gain nobody knows."""
    computes = _keeps_the_interpreter(why, service, on_loop) and not _is_of_files(on_loop)
    return computes and _has_full_cpus(service)


def _is_of_files(on_loop: OnLoop) -> bool:
    return on_loop.of_files >= COMPUTES * on_loop.of_function > 0


def _keeps_the_interpreter(why: Cause, service: Service, on_loop: OnLoop) -> bool:
    inside, (computes, _) = service.heavy.inside, service.heavy.loop_cpu
    if inside is None or computes is None or why not in MOVED or on_loop.kind in AS_DONE | RELEASES:
        return False
    return computes >= COMPUTES * inside.loop_busy


def _has_full_cpus(service: Service) -> bool:
    machine = service.heavy.machine
    return machine is not None and machine.busy >= FILLED
