"""Where requests wait that wait for others of the app's own: for its threads, or for what its tasks make.

A request that waits for a thread which waits for a lock, or for what another service sends, waits for that;
one for a result which one worker makes for all waits for its turn. So all that follows counts it there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from records.evidence.inside import Place, Work
from reports.evidence.inside import InsideOfCells
from reports.evidence.kinds import HOME_MADE, QUEUE, SHARED_QUEUE, SLEEP, TURN
from reports.evidence.libraries import WAITING, function_at

IN_THREADS = frozenset(("executor", "thread"))
STUCK = {"lock-wait": "lock", "pool-wait": "pool"}
"""What any thread waits for, as the place that it is to a request; what else a pool's does, its collector
says."""
RECEIVES = frozenset((":recv", ":recv_into", ":recvfrom", ":recvmsg"))
"""What has no frame of Python, and reads a socket;"""
IN_THE_SYSTEM = RECEIVES | {
    f":{name}" for name in ("get", "sleep", "select", "poll", "wait", "accept", "connect")
}
"""or only waits in another way."""
WATCHING = frozenset(("request-body", SLEEP))
"""What a task waits for that only watches for its client's end, or looks again later."""
BUSY = 0.5
"""Of its time somebody has to be at work, on the mean, for all others to wait for that."""


def behind(inside: InsideOfCells, takers: Collection[str] = ()) -> dict[Place, float]:
    """How many requests wait where."""
    waits = _at_shared_queues(dict(inside.waits))
    return _in_turn(_through_threads(waits, inside.in_threads), inside, takers)


def _at_shared_queues(waits: dict[Place, float]) -> dict[Place, float]:
    """Who is alone at a queue that others wait at, too, at other times waits for the same."""
    found: Counter[Place] = Counter()
    for place, count in waits.items():
        shared = replace(place, kind=SHARED_QUEUE) if place.kind == QUEUE else place
        found[shared if shared in waits else place] += count  # type: ignore[assignment]
    return dict(found)


def takers_of(inside: InsideOfCells | None) -> frozenset[str]:
    """Which functions of the app's own tasks and threads wait for work that others give them: at a light
    load, where there is not always some."""
    if inside is None:
        return frozenset()
    tasks = {_function(place) for place, _ in inside.beside if place.where and place.kind in HOME_MADE}
    return frozenset(tasks | {_function(work) for work, _ in inside.in_threads if _takes(work)})


def workers(inside: InsideOfCells, takers: Collection[str] = ()) -> float:
    """How many tasks and threads of the app's own, besides the requests', are at something. Who sleeps is
    not, but for one of ``takers``: between two pieces of work, as at a rate limit."""

    def is_idle(place: Place) -> bool:
        return place.kind in HOME_MADE | WATCHING and not (place.kind == SLEEP and _function(place) in takers)

    tasks = sum(count for place, count in inside.beside if place.where and not is_idle(place))
    serving = sum(count for place, count in inside.waits if place.kind in IN_THREADS)
    threads = sum(
        count
        for work, count in inside.in_threads
        if not _idle(work) or (_function(work) in takers and not _takes(work))
    )
    return tasks + max(0.0, threads - serving)


def _through_threads(
    waits: Mapping[Place, float], threads: Iterable[tuple[Work, float]]
) -> dict[Place, float]:
    stuck: Counter[Place] = Counter()
    for work, count in threads:
        if place := _waits_at(work):
            stuck[place] += count  # type: ignore[assignment]
    served = sum(count for place, count in waits.items() if place.kind in IN_THREADS)
    moved = min(served, stuck.total())
    if not moved:
        return dict(waits)
    left = {
        place: count * (1 - moved / served if place.kind in IN_THREADS else 1.0)
        for place, count in waits.items()
    }
    for place, count in stuck.items():
        left[place] = left.get(place, 0.0) + count * moved / stuck.total()
    return left


def _waits_at(work: Work) -> Place | None:
    kind = STUCK.get(work.doing) or (work.waits if work.waits != SLEEP else "")  # which nobody ends
    return Place(kind=kind, at=work.called, where=work.where) if kind else None


def stuck_at(inside: InsideOfCells) -> frozenset[Place]:
    """Where threads wait, as the places that these are to the requests that have them."""
    return frozenset(place for work, _ in inside.in_threads if (place := _waits_at(work)))


def _function(of: Place | Work) -> str:
    """That whose line it is."""
    return function_at(of.where)


def _in_turn(waits: dict[Place, float], inside: InsideOfCells, takers: Collection[str]) -> dict[Place, float]:
    """Where each request has a task of its own that makes what it waits for, it waits where that does, which
    nobody knows; but where those are fewer, requests share them."""
    made = {place for place in waits if place.kind in HOME_MADE and place.where and not place.via}
    there = sum(waits[place] for place in made)
    if not BUSY <= workers(inside, takers) < there:
        return waits
    return {
        Place(kind=TURN, at=place.at, where=place.where) if place in made else place: count
        for place, count in waits.items()
    }


def line_of_threads(inside: InsideOfCells) -> str:
    """Where the most threads of the app's own are that are not idle; empty where there is none."""
    return next((work.where for work, _ in inside.in_threads if not _idle(work)), "")


def alike(light: Mapping[Place, float], heavy: Mapping[Place, float]) -> dict[Place, float]:
    """The light load's, with what they wait for called as at the heavy one: one request shares with none."""
    shared = {(place.at, place.where): place for place in heavy if place.kind in (TURN, SHARED_QUEUE)}
    found: Counter[Place] = Counter()
    for place, count in light.items():
        same = shared.get((place.at, place.where)) if place.kind in HOME_MADE and not place.via else None
        found[same or place] += count  # type: ignore[assignment]
    return dict(found)


def computes(work: Work) -> bool:
    """As far as its line tells."""
    return work.doing not in WAITING and work.called not in IN_THE_SYSTEM


def _takes(work: Work) -> bool:
    """Does it wait until a queue has something for it?"""
    return bool(work.where) and (work.called == ":get" or work.called.startswith("queue:"))


def _idle(work: Work) -> bool:
    """It makes nothing: what reads another service's answer may make what others wait for."""
    reads = work.doing == "blocking-io" or (not work.doing and work.called in RECEIVES)
    return not computes(work) and not reads
