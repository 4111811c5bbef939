"""One service at all its loads, lightest first: how many of its requests wait because of the load, and where.

A place where n requests are at a time, of a service that answers X a second, takes n/X seconds of each answer
(Little 1961, L = lambda W). So with a light load beside a heavy one, what a place takes of each answer at the
light load, times the heavy one's X, is how many would be there if nobody waited for anybody; those above
that are its excess. All excesses add up to that of the service: users - X(heavy) / X(light) * users(light).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from records.evidence.inside import READY, RUNNING, Place
from reports.evidence.behind import alike
from reports.evidence.excess import Excess
from reports.evidence.gates import passed_on
from reports.evidence.kinds import QUEUES
from reports.evidence.loaded import NOT_MET, LoadedPoint
from reports.figures.rising import rising
from reports.figures.summary import OperatingPoint, of_cells

Comparison = Literal["same-repeat", "other-repeats", "one-load"]
"""Whether two loads of one repeat are compared, or of repeats that may differ by the hour, or none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Service:
    """A deployment and a configuration under one kind of load; ``points`` by load, at least one."""

    deployment: str
    config: str
    points: tuple[LoadedPoint, ...]

    @cached_property
    def paired(self) -> bool:
        """Is there a repeat that both ends have? Else what changed between them may be the hour."""
        return bool(_repeats(self.light.level) & _repeats(self.heavy.level))

    @cached_property
    def each(self) -> tuple[Service, ...]:
        """The same of each repeat alone, at its two loads; itself where there are not two such repeats."""
        both = _repeats(self.light.level) & _repeats(self.heavy.level) if self.compared else set()
        if len(both) < 2:
            return (self,)
        return tuple(replace(self, points=(self.light.of(key), self.heavy.of(key))) for key in both)

    @property
    def comparison(self) -> Comparison:
        """What is said of it beside its light load rests on."""
        if not self.compared:
            return "one-load"
        return "same-repeat" if self.paired else "other-repeats"

    @property
    def light(self) -> LoadedPoint:
        return self.points[0]

    @property
    def heavy(self) -> LoadedPoint:
        return self.points[-1]

    @cached_property
    def scale(self) -> float:
        """How many times the light load's answers a second come at the heavy one."""
        return self.heavy.per_second / self.light.per_second if self.light.per_second else 0.0

    @property
    def compared(self) -> bool:
        """Were there two loads? Of one alone, whoever queues waits because of it."""
        return len(self.points) > 1

    @cached_property
    def excess(self) -> float:
        """How many requests wait at the heavy load because of it."""
        if self.compared:
            return self.heavy.in_flight - self.scale * self.light.in_flight
        return sum(count for place, count in self.heavy.places.items() if place.kind in QUEUES)

    @cached_property
    def before_first_token(self) -> float:
        """How many of them wait before their first token, by how much later that comes than at the light
        load: of answers that stream for long, this is more than the mean over their whole time shows."""
        light, heavy = self.light.ttft_s, self.heavy.ttft_s
        return max(0.0, self.heavy.per_second * (heavy - light)) if self.compared and light else 0.0

    @property
    def waiting(self) -> float:
        """Either, whichever is more."""
        return max(self.excess, self.before_first_token)

    @property
    def added_ms(self) -> float:
        """What the load adds to each answer by them (Little's law); 0 where none ends."""
        return 1e3 * self.waiting / self.heavy.per_second if self.heavy.per_second else 0.0

    @property
    def held(self) -> float:
        """The share of the requests in flight that wait because of the load: 0, it scales; near 1, all do."""
        return max(0.0, self.excess / self.heavy.in_flight) if self.heavy.in_flight else 0.0

    @cached_property
    def excesses(self) -> tuple[Excess, ...]:
        """By place, the greatest first, a queue before another one counted there; none where nobody looked
        inside. Where that is so of one load alone,
        both are taken by their stages: else all that is seen at the heavy one seemed more."""
        heavy, light = self.heavy.places, self.light.places
        if (self.heavy.inside is None) != (self.light.inside is None):
            heavy, light = self.heavy.by_stages, self.light.by_stages
        if not light and self.light.inside is not None:
            # So quick at the light load that no look met one: as far as is known they are in none.
            light = {NOT_MET: self.light.in_flight}
        if not heavy or not light or self.waiting <= 0 or not self.heavy.per_second:
            return ()
        light = alike(light, heavy)
        before = Counter({_kind(place): 0.0 for place in heavy})
        for place, count in light.items():
            before[_kind(place)] += count  # type: ignore[assignment]
        now: Counter[Place] = Counter()
        for place, count in heavy.items():
            now[_kind(place)] += count  # type: ignore[assignment]
        found = [
            Excess(
                place=place,
                requests=more,
                share=more / self.waiting,
                ms=1e3 * more / self.heavy.per_second,
            )
            for place, count in now.items()
            if (more := self._more(place, count, before[place])) > 0
        ]
        return tuple(sorted(passed_on(found, self.light, self.heavy), key=lambda one: -one.requests))

    def _more(self, place: Place, count: float, before: float) -> float:
        if self.compared:
            return count - self.scale * before
        return count if place.kind in QUEUES else 0.0


def _kind(place: Place) -> Place:
    """One that is about to run is at none of the app's lines, wherever it goes on."""
    return Place(kind=place.kind) if place.kind in (READY, RUNNING) else place


def services(levels: Sequence[OperatingPoint]) -> Iterator[Service]:
    """Each row of valid points that differ in users or in their rate alone, by the repeats that the lightest
    and the heaviest both have, where they have one: repeats differ by the hour, too."""
    for points in rising(levels):
        first, *others = _paired(points)
        lightest = LoadedPoint(level=first)
        yield Service(
            deployment=first.deployment,
            config=first.config,
            points=(lightest, *(LoadedPoint(level=level, lightest=lightest) for level in others)),
        )


def _paired(points: Sequence[OperatingPoint]) -> Iterator[OperatingPoint]:
    both = _repeats(points[0]) & _repeats(points[-1])
    for point in points:
        kept = [cell for cell in point.cells if not cell.valid or cell.sample.key in both]
        some = 0 < sum(cell.valid for cell in kept) < len(point.valid_cells)
        yield of_cells(point, kept) if some else point


def _repeats(point: OperatingPoint) -> set[object]:
    return {cell.sample.key for cell in point.valid_cells}
