"""Where a service will stop growing, by light loads alone, and what was measured there.

What binds first on the ladder of these loads does, unless something else may come before it: a resource that
an answer takes more of under load, or of which too little was seen. Where the loads already show that
throughput has stopped growing, that is the ceiling, whatever it is; the light load tells with how many users
it is reached (`users_at`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import fmean

from reports.evidence.demand import Resource
from reports.evidence.ladder import SAME, Ladder, Rung, is_far, ladder, users_at
from reports.evidence.service import Service
from reports.figures.knee import knee_index
from reports.figures.knees import Knee
from reports.figures.stats import Estimate

CLEAR = 1.5
"""What is known of a resource badly leaves it out of account from so many times the ceiling on."""
FEWEST = 2
"""Loads."""


@dataclass(frozen=True, kw_only=True)
class Foretold:
    """What throughput will stop growing at."""

    by: tuple[int, ...]
    """The users of the loads by which that is known."""
    resource: Resource | None
    """What binds there; None: it is not known, only that something does."""
    per_second: Estimate
    """Answers."""
    users: Estimate


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A prediction beside what was measured."""

    knee: Knee
    foretold: Foretold | None
    """None: it is not predictable."""
    between: tuple[int, int]
    """The levels beside those where throughput stops growing: it may have done so anywhere between."""
    per_second: float
    """Answers at the knee and above, the mean: the measured ceiling."""

    @property
    def inside(self) -> bool:
        """Is the predicted knee, in whole users, where it was measured?"""
        low, high = self.between
        return self.foretold is not None and low <= max(1, round(self.foretold.users.value)) <= high


def foretold(service: Service) -> Foretold | None:
    """By all loads of the service; None where they are too few, or do not tell."""
    if len(service.points) < FEWEST:
        return None
    found = ladder(service)
    ceiling, resource = _stopped(found) or _first(found) or (None, None)
    users = ceiling and users_at(service, ceiling)
    if ceiling is None or users is None or is_far(service, ceiling.value):
        return None
    by = tuple(point.level.load.users for point in service.points)
    return Foretold(by=by, resource=resource, per_second=ceiling, users=users)


def _stopped(found: Ladder) -> tuple[Estimate, Resource | None] | None:
    """Where throughput grows no more already; what binds it if its ceiling is the same."""
    rates = [point.per_second for point in found.service.points]
    at = knee_index(rates)
    if at is None:
        return None
    rate = fmean(rates[at:])
    first = next((rung for rung in found.rungs if rung.ceiling), None)
    if first is None or first.ceiling is None or not rate / SAME <= first.ceiling.value <= SAME * rate:
        return Estimate(value=rate), None
    return Estimate(value=rate), first.resource


def _first(found: Ladder) -> tuple[Estimate, Resource] | None:
    """The lowest ceiling, where no resource without one may allow less."""
    first = next((rung for rung in found.rungs if rung.ceiling), None)
    if first is None or first.ceiling is None:
        return None
    ceiling = first.ceiling
    if any(_may_allow_less(rung, ceiling.value) for rung in found.rungs if rung.ceiling is None):
        return None
    return ceiling, first.resource


def _may_allow_less(rung: Rung, ceiling: float) -> bool:
    """Of one that falls, an answer takes no more than now at any heavier load."""
    return rung.by_heaviest < (1.0 if rung.told == "falls" else CLEAR) * ceiling


def compared(service: Service, knee: Knee, began_with: Sequence[int]) -> Compared | None:
    """The prediction by the loads of which that many users are, or, where none are named, by those of half of
    the knee's at most, two at least; None where there is no load besides them."""
    users = [point.level.load.users for point in service.points]
    if knee.concurrency is None or knee.low is None or knee.high is None:
        return None
    light = [n for n in users if n in began_with] or _light(users, knee.concurrency)
    if len(light) < FEWEST or not set(users) - set(light):
        return None
    points = tuple(point for point in service.points if point.level.load.users in light)
    grown = [point.per_second for point in service.points if point.level.load.users >= knee.concurrency]
    below = [n for n in users if n < knee.low]
    above = [n for n in users if n > knee.high]
    return Compared(
        knee=knee,
        foretold=foretold(replace(service, points=points)),
        between=(max(below, default=knee.low), min(above, default=knee.high)),
        per_second=fmean(grown),
    )


def _light(users: Sequence[int], knee: int) -> list[int]:
    return [n for i, n in enumerate(users) if i < FEWEST or 2 * n <= knee]


def all_compared(
    services: Sequence[Service], knees: Sequence[Knee], began_with: Sequence[int]
) -> Iterator[Compared]:
    """Of each service that has a knee."""
    for knee in knees:
        own = next((one for one in services if knee.has(one.heavy.level)), None)
        if own is not None and own.heavy.level.load.closed:
            found = compared(own, knee, began_with)
            if found is not None:
                yield found
