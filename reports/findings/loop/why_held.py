"""Why an event loop's thread is held: the cause, and what finders ask beside it of how it is held."""

from __future__ import annotations

from reports.evidence.inside import InsideOfCells
from reports.evidence.libraries import AS_DONE, OWN, function_at, function_of
from reports.evidence.service import Service
from reports.findings.loop.on_loop import BLOCKED, BY_FAMILY, INTERPRETER, LLM_CLIENT, Cause, OnLoop

ONE_KIND = 0.5
"""The share of the time for which the loop is held that has to be of one kind of work."""
LONG_MS = 5.0
"""How long the loop takes, on the mean, to come to what is asked of it, where one thing holds it; many small
ones only fill it. And how much of the loop's time each answer takes at once for what would bind next."""
OF_ITS_OWN, FULL_OF_WORK = 0.6, 0.8
"""The share of the time for which the loop's thread has to be held without its waits for a CPU, which else
are what holds it; and for it to be full of its own work, what it computes has to be of the time in which no
other program kept it from running."""


def samples_in(service: Service, on_loop: OnLoop) -> float:
    """In how many samples it was in that function, at all loads: each answer takes that of it at any."""
    looks = (point.inside for point in service.points if point.inside is not None)
    return sum(
        inside.samples * busy
        for inside in looks
        for work, busy in inside.running
        if on_loop.line and function_of(work) == function_at(on_loop.line)
    )


def why_held(service: Service, on_loop: OnLoop, inside: InsideOfCells, held_ms: float) -> Cause | None:
    """None: the loop's thread is only kept from running. ``held_ms``: for how long what comes to it waits, or
    would."""
    busy = inside.loop_busy
    if not seen_at_work(service, inside):
        return _full(service)
    if on_loop.of_kind < ONE_KIND * busy and on_loop.kind not in AS_DONE:
        return _full(service)
    if on_loop.kind in BY_FAMILY:
        return BY_FAMILY[on_loop.kind]
    if on_loop.kind == "llm-client":  # an asynchronous one has work to do there, too
        return LLM_CLIENT if on_loop.waits >= ONE_KIND * on_loop.of_kind else _full(service)
    of = on_loop.of_function if on_loop.kind == OWN else on_loop.of_kind
    return BLOCKED if held_ms >= LONG_MS and of >= ONE_KIND * busy else _full(service)


def seen_at_work(service: Service, inside: InsideOfCells) -> bool:
    """Was it seen at work for most of the time for which its thread is held? What small pieces fill it with,
    nobody saw."""
    return inside.loop_busy >= ONE_KIND * service.heavy.loop_held


def _full(service: Service) -> Cause | None:
    """Only where somebody saw that it computes."""
    cpu, delay = (share or 0.0 for share in service.heavy.loop_cpu)
    return INTERPRETER if cpu >= max(OF_ITS_OWN, FULL_OF_WORK * (1 - delay)) else None


def delay_of(service: Service) -> float | None:
    """The share of the time in which the loop's thread could run and had no CPU; None: nobody saw it."""
    return service.heavy.loop_cpu[1]


def cores_taken(service: Service, inside: InsideOfCells, on_loop: OnLoop) -> float:
    """How many cores that kind of work takes: while a thread waits for a CPU it is at its line, too."""
    busy, delay = inside.loop_busy, delay_of(service) or 0.0
    part = max(0.0, 1 - delay / busy) if busy else 1.0
    return on_loop.of_kind * part * inside.loops
