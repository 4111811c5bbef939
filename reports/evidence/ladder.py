"""What each resource of a service allows: so many answers a second, which so many users reach.

A resource of which each answer takes D seconds of capacity C allows at most C / D answers a second. N users,
of whom each gets an answer in R seconds while nobody waits for anybody, reach that at N = R C / D (the knee
by asymptotic bounds: Denning and Buzen 1978). Both hold where D stays the same under load. So D is taken at
two loads or more, and where it does not, as in a stage that works in batches, nothing is predicted.

Some takes a fixed share besides, as what a process does without requests: D seems to fall. Three loads tell
that from batches: between each and the next, an answer more then takes the same.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

from reports.evidence.demand import Capped, Resource, Use, capped, uses
from reports.evidence.loaded import LoadedPoint
from reports.evidence.service import Service
from reports.figures.repeats import by_repeats
from reports.figures.stats import Estimate

SAME = 1.2
"""Demands that differ by no more are one."""
STEP = 0.1
"""Of the answers a second at the heaviest load: what two loads that are nearer tell is noise."""
REACHED = 0.9
"""The share in use at the heaviest load from which on a resource binds there already."""
LIGHT = 0.5
"""The share of a ceiling up to which an answer at the lightest load counts as one that waits for nobody."""
ALONE = 1.05
"""Requests in flight at which nobody waits for others, whatever the ceiling."""
FAR = 5.0
"""A ceiling so many times as high as what was measured binds nobody yet, and is believed by nobody."""
CeilingState = Literal["predicted", "reached", "falls", "grows", "unsure", "near", "one-load"]
"""Whether there is a ceiling, and if not, why: the demand falls or grows with the load, differs but not more
than so few samples leave open, is the same at answers a second that are nearly the same (`SAME`: if all of it
were a fixed share, it would differ by no more), or is known at one load alone."""


@dataclass(frozen=True, kw_only=True)
class Rung:
    resource: Resource
    capacity: float
    share: float
    """Of it, in use at the heaviest load."""
    demands: tuple[float, ...]
    """Resource-seconds an answer, by load, the lightest first; of loads at which it can be told."""
    told: CeilingState
    by_heaviest: float
    """Answers a second by the demand at the heaviest load: more can be had where it falls, fewer where it
    grows."""
    ceiling: Estimate | None = None
    """Answers a second; with an interval where loads were repeated."""
    users: Estimate | None = None
    """With whom it is reached; None: of an open loop, or no light load tells what an answer takes."""

    @property
    def binds_now(self) -> bool:
        """It is as good as full at the heaviest load."""
        return self.share >= REACHED


@dataclass(frozen=True, kw_only=True)
class Ladder:
    service: Service
    rungs: tuple[Rung, ...]
    """By their ceilings, the lowest first, and one that is full now without a ceiling by what it allows now;
    then the others, the most used first."""


def is_far(service: Service, rate: float) -> bool:
    """Is that more answers a second than what was measured can tell of a resource?"""
    return rate > FAR * service.heavy.per_second


@dataclass(frozen=True, kw_only=True)
class _Loaded:
    point: LoadedPoint
    use: Use
    repeats: tuple[float, ...]
    """The demand in each cell."""

    @property
    def demand(self) -> float:
        return self.use.busy / self.point.per_second


def ladder(service: Service) -> Ladder:
    """Without rungs of one load alone, or where nothing of its resources is known."""
    if not service.compared:
        return Ladder(service=service, rungs=())
    curves: dict[Resource, list[_Loaded]] = {}
    cap = capped(service.heavy)
    for point in service.points:
        for resource, loaded in _loaded(point, cap):
            curves.setdefault(resource, []).append(loaded)
    known = {resource: curve for resource, curve in curves.items() if curve[-1].point is service.heavy}
    rungs = [_rung(service, resource, curve) for resource, curve in known.items()]
    return Ladder(service=service, rungs=tuple(sorted(rungs, key=_place)))


def _place(rung: Rung) -> tuple[float, float]:
    allows = rung.by_heaviest if rung.binds_now else math.inf
    return (rung.ceiling.value if rung.ceiling else allows), -rung.share


def _loaded(point: LoadedPoint, cap: Capped) -> Iterator[tuple[Resource, _Loaded]]:
    if point.per_second <= 0:
        return
    cells = [(one.per_second, uses(one, cap)) for one in point.each if one.per_second > 0]
    for resource, use in uses(point, cap).items():
        own = tuple(found[resource].busy / rate for rate, found in cells if resource in found)
        yield resource, _Loaded(point=point, use=use, repeats=own)


def _rung(service: Service, resource: Resource, curve: Sequence[_Loaded]) -> Rung:
    top = curve[-1]
    slopes = _slopes(curve)
    told = "predicted" if slopes and not _same(_demands(curve)) else _told(curve)
    ceiling = _ceiling(curve) if told in ("predicted", "reached") else None
    return Rung(
        resource=resource,
        capacity=top.use.capacity,
        share=top.use.share,
        demands=tuple(_demands(curve)),
        told=told,
        by_heaviest=top.use.capacity / top.demand,
        ceiling=ceiling,
        users=ceiling and users_at(service, ceiling),
    )


def _told(curve: Sequence[_Loaded]) -> CeilingState:
    first, top = curve[0], curve[-1]
    full = top.use.share >= REACHED
    if len(curve) < 2:
        return "reached" if full else "one-load"
    if _same(_demands(curve)):
        if first.use.share >= REACHED:
            return "reached"
        if _same([one.point.per_second for one in curve]):
            return "reached" if full else "near"
        return "predicted"
    change = math.log(top.demand / first.demand)
    if abs(change) - 2 * math.sqrt(_noise(first) + _noise(top)) <= 0:
        return "reached" if full else "unsure"
    if change < 0:
        return "falls"
    return "reached" if full else "grows"


def _demands(curve: Sequence[_Loaded]) -> list[float]:
    return [one.demand for one in curve]


def _same(demands: Sequence[float]) -> bool:
    return min(demands) > 0 and max(demands) <= SAME * min(demands)


def _slopes(curve: Sequence[_Loaded]) -> list[float]:
    """What an answer more takes between each load and the next, where those are two at least and the same."""
    found = [
        (after.use.busy - before.use.busy) / more
        for before, after in itertools.pairwise(curve)
        if (more := after.point.per_second - before.point.per_second) >= STEP * curve[-1].point.per_second
    ]
    return found if len(found) > 1 and _same(found) else []


def _noise(one: _Loaded) -> float:
    """The variance of the demand's logarithm: what its samples leave open, or its repeats differ by."""
    own = [math.log(demand) for demand in one.repeats]
    squares = math.fsum((log - fmean(own)) ** 2 for log in own)
    return max(one.use.noise, squares / (len(own) - 1) / len(own) if len(own) > 1 else 0.0)


def _ceiling(curve: Sequence[_Loaded]) -> Estimate:
    """By the heaviest load, which is nearest; its interval also has the ceilings by the others that are as
    good as the same."""
    top, rate = curve[-1], curve[-1].point.per_second
    capacity, left = top.use.capacity, top.use.capacity - top.use.busy
    slopes = [] if _same(_demands(curve)) else _slopes(curve)
    others = [rate + left / slope for slope in slopes]
    others += [capacity / one.demand for one in curve if not slopes and _same([one.demand, top.demand])]
    groups = [[capacity / demand for demand in one.repeats] for one in curve]
    found = by_repeats(others[-1], groups)
    if found.low is None or found.high is None:
        return found
    return Estimate(value=found.value, low=min(found.low, *others), high=max(found.high, *others))


def users_at(service: Service, ceiling: Estimate) -> Estimate | None:
    light = service.light
    alone = light.in_flight <= ALONE or light.per_second <= LIGHT * ceiling.value
    if not light.level.load.closed or not alone:
        return None
    cycle_s = light.seconds_each + light.think_s
    low, high = (end and end * cycle_s for end in (ceiling.low, ceiling.high))
    return Estimate(value=ceiling.value * cycle_s, low=low, high=high)
