"""What a service does not compute, on its event loop or elsewhere, does not hold it; nor a pool with room.

A kind of work is known by its library's name. What has none that is known, as the app's own code, may be any
of them: then a kind is acquitted only by a loop, or by a processor, that is free of all work.
"""

from __future__ import annotations

from collections.abc import Iterator

from reports.evidence.inside import InsideOfCells
from reports.evidence.libraries import OWN, UNNAMED, WAITING, by_family
from reports.evidence.loaded import LoadedPoint
from reports.evidence.service import Service
from reports.findings.common.finding import Evidence
from reports.findings.loop.beside import WASTE
from reports.findings.loop.on_loop import CLIENT_SETUP, LLM_CLIENT, MODEL_LOAD, SEARCH, TEXT
from reports.findings.waits.thread_pool import DEFAULT

LATE_MS, FREE = 3.0, 0.5
"""Up to so late, and for this share of the time, a loop is free; and a processor up to this share of it."""
LITTLE = WASTE / 2
"""The share of a loop's time: half of that from which on what should not be done at all is told of."""
ENOUGH = 59
"""So many looks at a loop, and none of them: then it is not a twentieth of its time."""
OF_THE_LOOP = {
    CLIENT_SETUP.code: "client-setup",
    MODEL_LOAD.code: "model-load",
    LLM_CLIENT.code: "llm-client",
    TEXT.code: "text",
}
DONE = {
    "client-setup": "makes clients",
    "model-load": "loads or checks files",
    "llm-client": "waits in an LLM's client",
    "text": "works on text",
    "search": "searches an index",
}
Free = Iterator[tuple[str, tuple[Evidence, ...]]]


def not_computed(service: Service) -> Free:
    """By the codes that it is not."""
    if (inside := service.heavy.inside) is None:
        return
    for code, kind in OF_THE_LOOP.items():
        if figures := _on_loop(service, inside, kind):
            yield code, figures
    yield from _on_processor(service, inside)
    yield from _default_executor(inside)


def loop_is_free(point: LoadedPoint, inside: InsideOfCells) -> bool:
    return inside.looped and inside.lag_ms <= LATE_MS and point.loop_held <= FREE


def loop_figures(point: LoadedPoint, inside: InsideOfCells) -> tuple[Evidence, ...]:
    return (
        Evidence(figure="the loop comes late by", value=inside.lag_ms, unit="ms"),
        Evidence(figure="its thread is held", value=100 * point.loop_held, unit="%"),
    )


def _on_loop(service: Service, inside: InsideOfCells, kind: str) -> tuple[Evidence, ...]:
    """Empty: it may be that."""
    of_kind, may_be = _shares(inside, kind)
    said = f"share of the time in which its event loop's thread {DONE[kind]}"
    if inside.samples >= ENOUGH and of_kind + may_be <= LITTLE:
        looks = Evidence(figure="looks at it", value=inside.samples)
        return (Evidence(figure=said, value=100 * (of_kind + may_be), unit="%"), looks)
    if loop_is_free(service.heavy, inside) and of_kind <= LITTLE:
        return (
            Evidence(figure=said, value=100 * of_kind, unit="%"),
            *loop_figures(service.heavy, inside)[:1],
        )
    return ()


def _shares(inside: InsideOfCells, kind: str) -> tuple[float, float]:
    """Of the loop's time: what is of that kind, and what may be, for it is of none that is known. An LLM's
    client blocks the loop only while it waits."""
    of_kind = may_be = 0.0
    for one, work, busy in by_family(inside.running):
        waits = kind != "llm-client" or work.doing in WAITING
        of_kind += busy if one == kind and waits else 0.0
        may_be += busy if one in (OWN, UNNAMED) else 0.0
    return of_kind, may_be


def _on_processor(service: Service, inside: InsideOfCells) -> Free:
    """It has room for all that computes, and nothing of it keeps the loop from other requests."""
    machine = service.heavy.machine
    if machine is None or machine.full > FREE:
        return
    figures = (
        Evidence(figure="processor time", value=machine.cpu_cores, unit="cores"),
        Evidence(figure="cores that it may take", value=machine.cores),
    )
    yield "embedding-cpu-bound", figures
    if (on_loop := _on_loop(service, inside, "search")) or loop_is_free(service.heavy, inside):
        yield SEARCH.code, (*figures, *on_loop[:1])


def _default_executor(inside: InsideOfCells) -> Free:
    """The event loop's own, where it has one."""
    for one in inside.executors:
        if one.name.startswith(DEFAULT) and one.most and one.busy <= FREE * one.most and not one.queued:
            yield (
                "default-executor-exhausted",
                (
                    Evidence(figure="threads that its event loop's executor may have", value=one.most),
                    Evidence(figure="taken", value=one.busy),
                    Evidence(figure="calls in its queue", value=one.queued),
                ),
            )
