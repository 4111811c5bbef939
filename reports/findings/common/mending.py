"""How many answers a second there would be if nothing waited at some places: up to what binds next."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

from records.evidence.inside import Place
from reports.evidence.demand import EVENT_LOOP, PROCESSOR
from reports.evidence.excess import Excess
from reports.evidence.kinds import THREADS
from reports.evidence.ladder import Rung, is_far, ladder
from reports.evidence.loaded import LoadedPoint
from reports.evidence.service import Service
from reports.figures.repeats import by_repeats
from reports.figures.stats import Estimate

_COMPUTE = (PROCESSOR, EVENT_LOOP)
UNTOLD = ("falls", "near")
"""Where a part of its processor time is perhaps what the service takes without requests, too."""
LEAST_LEFT = 0.05
"""Of the processor time an answer: so much is left whatever is spared."""
MUCH = 0.7
"""The share in use from which on a resource that is waited for at those places is the one that is mended."""


@dataclass(frozen=True, kw_only=True)
class Mend:
    """What is no longer there once a cause is mended."""

    found: tuple[Excess, ...] = ()
    """The waits at its places."""
    spared: float = 0.0
    """The cores that the service no longer takes, as what took them is not to be done at all."""
    loop: bool = False
    """It is the event loop that is no longer held, which those elsewhere wait for, too (`_met_late`)."""

    @property
    def places(self) -> set[Place]:
        return {one.place for one in self.found}

    @property
    def kinds(self) -> set[str]:
        return {place.kind for place in self.places}


def mended(service: Service, mend: Mend) -> Estimate | None:
    """With an interval where repeats give one; None where it cannot be told, as where what binds then is a
    ceiling so far beyond what was measured that nobody believes it (`is_far`)."""
    best = _freed(service, mend)
    if best is None:
        return None
    rungs, kinds, spared = ladder(service).rungs, mend.kinds, mend.spared
    for bound in _ceilings(rungs, kinds, {*_COMPUTE} if spared else set()):
        if bound.value < best.value and is_far(service, bound.value):
            return None
        best = _lower(best, bound)
    if mend.loop and not spared and _one_interpreter(service.heavy) < best.value:
        return None  # a thread gets no more than that, unless what it runs releases the interpreter
    if kinds and kinds <= THREADS and _takes_more_than_interpreters(service.heavy, best.value):
        return None  # what gets a thread then may wait for the interpreter
    if (allowed := _allowed(service.heavy, spared)) is None or allowed >= best.value:
        return best
    told = next((rung.told for rung in rungs if rung.resource.kind == PROCESSOR), None)
    if told == "falls" and not (spared or mend.loop) and _allows(service, best.value):
        return best
    if spared or told in UNTOLD:
        return None  # it allows that at least: how much more nobody knows
    if is_far(service, allowed):
        return None
    of_repeats = (_allowed(each, spared) for each in service.heavy.each)
    return _lower(best, by_repeats(allowed, [[rate for rate in of_repeats if rate is not None]]))


def _freed(service: Service, mend: Mend) -> Estimate | None:
    """N / (N/X - W), for N users who get X answers a second, of which each waits W there (Little 1961); W is
    at most what the load adds to an answer, so that none is faster than at the light load, but for what is
    not done any more at that, either."""
    value = _rate_without(service, mend)
    if value is None:
        return None
    of_repeats = [
        rate
        for one in _repeats(service)
        if any(excess.place in mend.places for excess in one.excesses)
        and (rate := _rate_without(one, mend)) is not None
    ]
    return by_repeats(value, [of_repeats])


def _rate_without(service: Service, mend: Mend) -> float | None:
    """The cores that are spared are as many requests at a time, each of which runs."""
    heavy, places = service.heavy, mend.places
    if not heavy.per_second:
        return None
    there = sum(one.requests for one in service.excesses if one.place in places)
    late = _met_late(service, places) if mend.loop else 0.0
    waits = min(there + late, service.excess) + mend.spared
    rest_s = (heavy.in_flight - waits) / heavy.per_second
    return heavy.in_flight / rest_s if rest_s > 0 else None


def _met_late(service: Service, places: Collection[Place]) -> float:
    """Of the excess elsewhere, what the loop's lateness keeps there: what they wait for has come, and is met
    as late as anything that comes to the loop. Each answer comes by each place once at least, so that of X a
    second X times that lateness are at it (Little 1961), if so many are."""
    inside = service.heavy.inside
    late = service.heavy.per_second * inside.lag_ms / 1e3 if inside is not None else 0.0
    return sum(min(one.requests, late) for one in service.excesses if one.place not in places)


def _repeats(service: Service) -> Iterator[Service]:
    """The service at its two ends, in each repeat that has both."""
    light = {_repeat(point): point for point in service.light.each}
    for heavy in service.heavy.each:
        if (before := light.get(_repeat(heavy))) is not None:
            yield Service(deployment=service.deployment, config=service.config, points=(before, heavy))


def _repeat(cell: LoadedPoint) -> object:
    return cell.level.cells[0].sample.key


def _ceilings(rungs: Sequence[Rung], kinds: set[str], but: set[str]) -> Iterator[Estimate]:
    """Of all that stays as it is."""
    for rung in rungs:
        stays = rung.resource.kind not in but and not _is_mended(rung, kinds)
        if stays and rung.told == "predicted" and rung.ceiling is not None:
            yield rung.ceiling


def _allowed(point: LoadedPoint, spared: float) -> float | None:
    """Answers a second by the processor, with others on its CPUs, for which the service waits, too."""
    machine = point.machine
    if machine is None or machine.busy <= 0:
        return None
    return point.per_second / max(LEAST_LEFT * machine.busy, machine.busy - spared / machine.cores)


def _one_interpreter(point: LoadedPoint) -> float:
    """Answers a second if all that the loop's thread computes goes on in the same interpreter, be it in other
    threads: one runs at a time (1 / D, as any resource's)."""
    computes, _ = point.loop_cpu
    return point.per_second / computes if computes else math.inf


def _takes_more_than_interpreters(point: LoadedPoint, rate: float) -> bool:
    """Would so many answers take more than a core of each process, where now they take less? Python runs in
    one thread of a process at a time."""
    machine, inside = point.machine, point.inside
    if machine is None or inside is None or not point.per_second:
        return False
    processes = max(1, inside.servers)
    return machine.cpu_cores <= processes < machine.cpu_cores / point.per_second * rate


def _allows(service: Service, rate: float) -> bool:
    """Does the processor, by what an answer more takes from the light load to the heavy one? Where an answer
    takes less of it the more there are, as a part is fixed or work is done in batches, one beyond takes no
    more than that. All repeats have to say so. Not of a loop that is held: who works off what has come in the
    meantime takes less than who is not late."""
    for one in (service, *_repeats(service)):
        few, many = one.light, one.heavy
        if few.machine is None or many.machine is None or many.per_second <= few.per_second:
            return False
        each = (many.machine.busy - few.machine.busy) / (many.per_second - few.per_second)
        if each <= 0 or many.per_second + (1 - many.machine.busy) / each < rate:
            return False
    return True


def _is_mended(rung: Rung, kinds: set[str]) -> bool:
    return rung.share >= MUCH and bool(rung.resource.waits & kinds)


def _lower(one: Estimate, other: Estimate) -> Estimate:
    """The lower of two; an interval only where the one that binds has one."""
    first, second = sorted((one, other), key=lambda estimate: estimate.value)
    low = _least(first.low, second.low)
    return Estimate(value=first.value, low=low, high=_least(first.high, second.high))


def _least(first: float | None, second: float | None) -> float | None:
    return first if first is None or second is None else min(first, second)
