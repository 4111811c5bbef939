"""How many answers a second there would be if nothing waited at some places: up to what binds next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.evidence.ladder import Rung, ladder
from reports.evidence.service import Excess, LoadedPoint, Service
from reports.figures.repeats import by_repeats
from reports.figures.stats import Estimate

MUCH = 0.7
"""The share in use from which on a resource that is waited for at those places is the one that is mended."""


def mended(service: Service, found: Sequence[Excess]) -> Estimate | None:
    """With an interval where repeats give one; None where it cannot be told."""
    best = _freed(service, found)
    if best is None:
        return None
    for bound in _bounds(service, {one.place.kind for one in found}):
        best = _lower(best, bound)
    return best


def _freed(service: Service, found: Sequence[Excess]) -> Estimate | None:
    """N / (N/X - W), for N users who get X answers a second, of which each waits W there (Little 1961); W is
    at most what the load adds to an answer, so that none is faster than at the light load."""
    value = _rate_without(service, found)
    if value is None:
        return None
    places = {one.place for one in found}
    of_repeats = [
        rate
        for one in _repeats(service)
        if (own := [excess for excess in one.excesses if excess.place in places])
        and (rate := _rate_without(one, own)) is not None
    ]
    return by_repeats(value, [of_repeats])


def _rate_without(service: Service, found: Sequence[Excess]) -> float | None:
    heavy = service.heavy
    if not heavy.per_second:
        return None
    waits = min(sum(one.requests for one in found), service.excess)
    rest_s = (heavy.in_flight - waits) / heavy.per_second
    return heavy.in_flight / rest_s if rest_s > 0 else None


def _repeats(service: Service) -> Iterator[Service]:
    """The service at its two ends, in each repeat that has both."""
    light = {_repeat(point): point for point in service.light.each}
    for heavy in service.heavy.each:
        if (before := light.get(_repeat(heavy))) is not None:
            yield Service(deployment=service.deployment, config=service.config, points=(before, heavy))


def _repeat(cell: LoadedPoint) -> object:
    return cell.level.cells[0].sample.key


def _bounds(service: Service, kinds: set[str]) -> Iterator[Estimate]:
    """The ceilings of all that stays as it is; and what the processor allows with others on its CPUs, for
    which the service waits, too."""
    for rung in ladder(service).rungs:
        if rung.told == "predicted" and rung.ceiling is not None and not _is_mended(rung, kinds):
            yield rung.ceiling
    if (allowed := _allowed(service.heavy)) is not None:
        of_repeats = map(_allowed, service.heavy.each)
        yield by_repeats(allowed, [[rate for rate in of_repeats if rate is not None]])


def _allowed(point: LoadedPoint) -> float | None:
    machine = point.machine
    return point.per_second / machine.busy if machine is not None and machine.busy > 0 else None


def _is_mended(rung: Rung, kinds: set[str]) -> bool:
    return rung.share >= MUCH and bool(rung.resource.waits & kinds)


def _lower(one: Estimate, other: Estimate) -> Estimate:
    """The lower of two; an interval only where the one that binds has one."""
    first, second = sorted((one, other), key=lambda estimate: estimate.value)
    low = _least(first.low, second.low)
    return Estimate(value=first.value, low=low, high=_least(first.high, second.high))


def _least(first: float | None, second: float | None) -> float | None:
    return first if first is None or second is None else min(first, second)
