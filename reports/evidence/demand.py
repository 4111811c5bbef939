"""What a service takes of each resource at one load: how much of it is in use, of how much there is.

Over the answers a second that is the service demand, in resource-seconds an answer (the utilisation law:
Denning and Buzen, "The Operational Analysis of Queueing Network Models", 1978). What a lock or a pool is held
for is seen where many wait for it, since then it is always held; where nobody waits, only a stage that it
serialises tells.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from records.evidence.inside import READY, RUNNING, Place
from reports.evidence.inside import InsideOfCells
from reports.evidence.kinds import OUTSIDE, PROCESSES, READS, STAGE, STAGE_QUEUE
from reports.evidence.loaded import LoadedPoint

PROCESSOR, EVENT_LOOP, EXECUTOR, LLM = "processor", "event-loop", "executor", "llm"
PROCESS_POOL = "process-pool"
PLACES = frozenset(("lock", "semaphore", "pool", "thread-limiter"))
"""Kinds of places that are resources themselves: so many hold it, the others wait there."""
WAITS = {
    EVENT_LOOP: frozenset((READY, RUNNING, OUTSIDE)),
    EXECUTOR: frozenset(("executor-queue",)),
    PROCESS_POOL: PROCESSES,
    LLM: READS,
    STAGE: frozenset((STAGE_QUEUE,)),
    **{kind: frozenset((kind,)) for kind in PLACES},
}
FEWEST_WAIT, MANY_WAIT = 2.0, 0.25
"""So many wait for something, and this share of the requests in flight, where it is always taken."""
ONE_AT_A_TIME = (0.8, 1.1)
"""How many requests run, on the mean, in a stage that others queue for and that takes one at a time."""
QUEUED_SHARE, QUEUED_MS = 0.1, 1.0
"""Of a request's time at the LLM server, spent in its queue: then it answers as many at a time as it can."""


@dataclass(frozen=True, kw_only=True)
class Resource:
    kind: str
    name: str = ""
    """Which one, where there may be several: an executor's name, a line of the app's, a stage."""

    @property
    def waits(self) -> frozenset[str]:
        """The kinds of places where one waits for it."""
        return WAITS.get(self.kind, frozenset())


@dataclass(frozen=True, kw_only=True)
class Use:
    busy: float
    """Of ``capacity``, the mean: cores, threads, streams; shares of what is one, or is known as a whole."""
    capacity: float
    noise: float = 0.0
    """The variance of the logarithm of ``busy``, as far as so many samples leave it open."""

    @property
    def share(self) -> float:
        return self.busy / self.capacity


@dataclass(frozen=True, kw_only=True)
class Capped:
    """What is seen at the heaviest load alone: what requests queue for there."""

    places: frozenset[Place]
    stage: str
    """The one that takes one request at a time; empty: none, or several."""
    llm_streams: int
    """How many the LLM server answers at a time at most; 0: not known."""


def capped(heavy: LoadedPoint) -> Capped:
    places = frozenset(p for p, count in heavy.places.items() if p.kind in PLACES and _many(heavy, count))
    told_by_stages = heavy.stages if places or heavy.inside is None else {}
    stages = [
        place.at
        for place, count in told_by_stages.items()
        if place.kind == STAGE_QUEUE and _many(heavy, count) and _one_at_a_time(heavy, place.at)
    ]
    upstream = heavy.upstream
    queued = upstream is not None and upstream.queued_ms >= max(
        QUEUED_MS, QUEUED_SHARE * (upstream.ttft_ms + upstream.streaming_ms)
    )
    return Capped(
        places=places,
        stage=stages[0] if len(stages) == 1 else "",
        llm_streams=upstream.busiest if upstream is not None and queued else 0,
    )


def _many(point: LoadedPoint, count: float) -> bool:
    return count >= max(FEWEST_WAIT, MANY_WAIT * point.in_flight)


def _one_at_a_time(point: LoadedPoint, stage: str) -> bool:
    low, high = ONE_AT_A_TIME
    return low <= _running(point, stage) <= high


def _running(point: LoadedPoint, stage: str) -> float:
    return point.stages.get(Place(kind=STAGE, at=stage), 0.0) if stage else 0.0


def uses(point: LoadedPoint, heaviest: Capped) -> dict[Resource, Use]:
    """Of each resource that can be told at this load; ``heaviest``: what caps the service at its heaviest."""
    found = (*_of_machine(point), *_of_app(point), *_of_caps(point, heaviest), *_of_llm(point, heaviest))
    return {resource: use for resource, use in found if use.busy > 0 and use.capacity > 0}


def _of_machine(point: LoadedPoint) -> Iterator[tuple[Resource, Use]]:
    if (machine := point.machine) is not None:
        yield Resource(kind=PROCESSOR), Use(busy=machine.cpu_cores, capacity=machine.cores)


def _of_app(point: LoadedPoint) -> Iterator[tuple[Resource, Use]]:
    """The threads that were sampled: the loop's (of several loops their mean), and those of executors."""
    if (inside := point.inside) is None:
        return
    yield Resource(kind=EVENT_LOOP), _of_loop(inside, point.loop_cpu[0])
    for executor in inside.executors:
        if executor.most:
            kind = PROCESS_POOL if executor.processes else EXECUTOR
            name = Resource(kind=kind, name=executor.name)
            yield name, _sampled(executor.busy, executor.most, inside.samples)


def _of_loop(inside: InsideOfCells, on_cpu: float | None) -> Use:
    """Who looks does so when Python lets go of the loop's thread, often just as that has nothing left to do:
    of one process the thread was busy as long as it was on a CPU, at least."""
    looked = _sampled(inside.loop_mean, 1, inside.samples)
    on_a_cpu = (on_cpu or 0.0) if inside.servers == 1 else 0.0
    return Use(busy=min(1.0, on_a_cpu), capacity=1.0) if on_a_cpu > looked.busy else looked


def _sampled(busy: float, capacity: int, samples: int) -> Use:
    noise = max(0.0, 1 - busy / capacity) / (busy * samples) if busy and samples else 0.0
    return Use(busy=busy, capacity=capacity, noise=noise)


def _of_caps(point: LoadedPoint, heaviest: Capped) -> Iterator[tuple[Resource, Use]]:
    """Locks and pools as a whole. What holds a single one is the stage that it serialises, if any."""
    running = min(1.0, _running(point, heaviest.stage))
    single = len(heaviest.places) == 1
    for place in heaviest.places:
        resource = Resource(kind=place.kind, name=place.where or place.at)
        if _many(point, point.places.get(place, 0.0)):
            yield resource, Use(busy=1.0, capacity=1.0)
        elif single:
            yield resource, Use(busy=running, capacity=1.0)
    if heaviest.stage and point.inside is None:
        yield Resource(kind=STAGE, name=heaviest.stage), Use(busy=running, capacity=1.0)


def _of_llm(point: LoadedPoint, heaviest: Capped) -> Iterator[tuple[Resource, Use]]:
    """Its streams, where it was seen to queue for them."""
    if not heaviest.llm_streams or (upstream := point.upstream) is None:
        return
    whole_ms = upstream.ttft_ms + upstream.streaming_ms
    served = 1 - upstream.queued_ms / whole_ms if whole_ms > 0 else 1.0
    yield Resource(kind=LLM), Use(busy=served * upstream.in_flight, capacity=heaviest.llm_streams)
