"""A queue before another queue: who is let in by a gate may wait again, for something narrower behind it.

A pool of threads whose threads wait for one lock, a semaphore around calls of a server that answers one at a
time: most requests stand at the gate, and yet a wider one lets more wait within, and no more answers come
out, for what is always waited for is always in use. So who queues at a gate waits for that, if half of those
who are let in do, or more.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from records.evidence.inside import Place
from reports.evidence.behind import IN_THREADS, stuck_at
from reports.evidence.excess import Excess
from reports.evidence.kinds import (
    CONNECTIONS,
    IN_PROCESSES,
    LOCKS,
    OUTSIDE,
    PROCESSES,
    READS,
    SHARED_QUEUE,
    THREADS,
)
from reports.evidence.loaded import LoadedPoint

KEPT = 0.5
"""The share of those who are let in that has to wait behind a gate."""
PERMITS = CONNECTIONS | {"semaphore", SHARED_QUEUE}
"""Gates that are waited for in tasks."""
BEHIND = dict.fromkeys(THREADS, IN_THREADS) | dict.fromkeys(PROCESSES, IN_PROCESSES)
"""Where those are whom a pool lets in."""
Is = Callable[[Place], bool]


def is_gate(point: LoadedPoint, place: Place) -> bool:
    """Does it let in several requests at a time? A server that answers in threads is one, too."""
    return place.kind in PERMITS | PROCESSES or _is_of_threads(point, place)


def let_in(point: LoadedPoint, place: Place) -> float:
    """How many requests are past a gate: those that have threads, or processes. Who has a permit nobody
    knows: there it is all that do not queue."""
    inside = point.inside
    if (within := BEHIND.get(place.kind)) and inside is not None:
        return sum(count for one, count in inside.waits if one.kind in within)
    return point.in_flight - sum(count for one, count in point.places.items() if one.kind == place.kind)


def passed_on(found: Iterable[Excess], light: LoadedPoint, heavy: LoadedPoint) -> tuple[Excess, ...]:
    """The excesses, with those at a gate counted where those wait who are let in."""
    by_place = {one.place: one for one in found}
    if heavy.inside is None or not any(is_gate(heavy, place) for place in by_place):
        return tuple(by_place.values())
    in_threads = stuck_at(heavy.inside)
    _pass(by_place, heavy, lambda at: _is_of_threads(heavy, at), lambda at: _narrow(at) and at in in_threads)
    _pass(
        by_place, heavy, lambda at: at.kind in PERMITS, lambda at: at.kind in {"lock"} | THREADS | PROCESSES
    )
    slower = slower_ms(light, heavy)
    if slower is not None:
        kept = heavy.per_second * slower / 1e3  # Little 1961
        _pass(by_place, heavy, lambda at: is_gate(heavy, at), lambda at: at.kind in READS, kept)
    return tuple(by_place.values())


def slower_ms(light: LoadedPoint, heavy: LoadedPoint) -> float | None:
    """By how much the LLM server's own answers became slower; None where it has no record of both loads."""
    here, there = heavy.upstream, light.upstream
    if light is heavy or here is None or there is None or not (here.requests and there.requests):
        return None
    return here.ttft_ms + here.streaming_ms - there.ttft_ms - there.streaming_ms


def _pass(
    by_place: dict[Place, Excess], heavy: LoadedPoint, gate: Is, within: Is, kept: float | None = None
) -> None:
    """``kept``: how many of those who are let in wait within; None: all that are seen there."""
    gates = [one for one in by_place.values() if gate(one.place)]
    inner = [one for one in by_place.values() if within(one.place) and one not in gates]
    there = sum(one.requests for one in inner)
    for one in gates:
        waits = there if kept is None else kept
        queue = sum(each.requests for each in gates if each.place.kind == one.place.kind)  # at several lines
        if not inner or queue <= waits or waits < KEPT * let_in(heavy, one.place):
            continue  # with more within than at the gate, that is the cause as it is
        del by_place[one.place]
        for each in inner:
            part = each.requests / there
            by_place[each.place] = by_place[each.place].with_queue(one.times(part))


def _is_of_threads(point: LoadedPoint, place: Place) -> bool:
    looped = point.inside is None or point.inside.looped
    return place.kind in THREADS or (place.kind == OUTSIDE and not looped)


def _narrow(place: Place) -> bool:
    return place.kind in LOCKS or place.kind in CONNECTIONS
