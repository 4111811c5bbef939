"""One service at all its loads, lightest first: how many of its requests wait because of the load, and where.

A place where n requests are at a time, of a service that answers X a second, takes n/X seconds of each answer
(Little 1961, L = lambda W). So with a light load beside a heavy one, what a place takes of each answer at the
light load, times the heavy one's X, is how many would be there if nobody waited for anybody; those above
that are its excess. All excesses add up to that of the service: users - X(heavy) / X(light) * users(light).
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean

import numpy as np

from records.evidence.inside import READY, RUNNING, Place
from records.evidence.stacks import Stacks
from reports.columns.kinds import Floats
from reports.columns.requests import Requests
from reports.evidence.behind import alike, behind
from reports.evidence.inside import InsideOfCells, mean_inside
from reports.evidence.kinds import OUTSIDE, QUEUES, STAGE, STAGE_QUEUE
from reports.evidence.machine import GotOfMachine, got_of_machine
from reports.evidence.outside import Probed, probed
from reports.evidence.stacks import stacks_of
from reports.evidence.upstream import Upstream, upstream_of
from reports.figures.rising import rising
from reports.figures.stages import impossible_stages
from reports.figures.summary import OperatingPoint, of_cells
from workloads.checks.streams import IMPOSSIBLE_SHARE
from workloads.stream import STREAM

NOT_MET = Place(kind=OUTSIDE)


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedPoint:
    """A service at one load."""

    level: OperatingPoint

    @cached_property
    def in_flight(self) -> float:
        """Requests at a time, the mean: users without a pause are always in one."""
        if self.level.load.closed and not self.think_s:
            return float(self.level.load.users)
        return self.per_second * self.seconds_each

    @property
    def think_s(self) -> float:
        """How long a user pauses between its requests."""
        asked = (cell.cell.requested.get("think_time_s") for cell in self.level.valid_cells)
        return max((float(pause) for pause in asked if isinstance(pause, (int, float))), default=0.0)

    @cached_property
    def per_second(self) -> float:
        """Requests that end in the window, a second, good or bad: the table's RPS and what failed beside it.

        Not those sent in it: where answers come in clumps, the last clump has no successors.
        """
        timed = [(cell, cell.window) for cell in self.level.valid_cells if cell.window]
        seconds = sum(window.seconds for _, window in timed)
        ended = sum(int((cell.every.counts & cell.every.ended_in(window)).sum()) for cell, window in timed)
        return ended / seconds if seconds > 0 else 0.0

    @cached_property
    def answers_per_second(self) -> float:
        """Good answers, as the tables count them (RPS)."""
        seconds = sum(sample.seconds for sample in self.level.samples)
        return sum(len(sample.ended_bins) for sample in self.level.samples) / seconds if seconds else 0.0

    @cached_property
    def _seconds(self) -> Floats:
        counted = Requests.joined([cell.counted for cell in self.level.valid_cells])
        return (counted.ended_ns - counted.sent_ns) / 1e9

    @cached_property
    def seconds_each(self) -> float:
        return fmean(self._seconds.tolist()) if len(self._seconds) else 0.0

    @property
    def seconds_each_error(self) -> float:
        """The standard error of that mean, as a share of it; of fewer than two requests 1."""
        if len(self._seconds) < 2 or not self.seconds_each:
            return 1.0
        return float(self._seconds.std(ddof=1)) / self.seconds_each / math.sqrt(len(self._seconds))

    @cached_property
    def _ttfts_ms(self) -> Floats:
        each = self.level.timed.ttft_ms
        return each[~np.isnan(each) & (self.level.workload is STREAM)]

    @property
    def ttft_s(self) -> float:
        """The mean until the first token; 0 where no answer has one."""
        return float(self._ttfts_ms.mean()) / 1e3 if self._ttfts_ms.size else 0.0

    @property
    def ttft_error(self) -> float:
        """As `seconds_each_error`."""
        times = self._ttfts_ms
        if times.size < 2 or not self.ttft_s:
            return 1.0
        return float(times.std(ddof=1) / times.mean()) / math.sqrt(times.size)

    @cached_property
    def each(self) -> tuple[LoadedPoint, ...]:
        """The same of each cell alone."""
        cells = self.level.valid_cells
        if len(cells) == 1:
            return (self,)
        return tuple(LoadedPoint(level=replace(self.level, cells=(cell,))) for cell in cells)

    @cached_property
    def inside(self) -> InsideOfCells | None:
        return mean_inside([found for cell in self.level.valid_cells for found in cell.insides])

    @cached_property
    def machine(self) -> GotOfMachine | None:
        return got_of_machine(self.level.valid_cells)

    @cached_property
    def probed(self) -> Probed | None:
        return probed(self.level.valid_cells)

    @cached_property
    def stacks(self) -> Stacks | None:
        return stacks_of(self.level.valid_cells)

    @cached_property
    def upstream(self) -> Upstream | None:
        return upstream_of(self.level.valid_cells)

    @cached_property
    def places(self) -> dict[Place, float]:
        """How many requests are where; what the app has not met is a place, too. Where nobody looked inside,
        the times that the service gives of its stages tell it; else nothing does."""
        if not self.inside:
            return self.by_stages
        return self._with_unmet(behind(self.inside), self.inside.requests)

    @cached_property
    def by_stages(self) -> dict[Place, float]:
        """The same by those times alone."""
        return self._with_unmet(self.stages, sum(self.stages.values()))

    def _with_unmet(self, found: dict[Place, float], met: float) -> dict[Place, float]:
        return {**found, NOT_MET: max(0.0, self.in_flight - met)} if found else {}

    @cached_property
    def stages(self) -> dict[Place, float]:
        """How many requests queue and run in each stage, by the times that the service gives."""
        return dict(self._stages())

    def _stages(self) -> Iterator[tuple[Place, float]]:
        timed = self.level.timed
        answers = timed.where(timed.stages.there)
        if int(impossible_stages(answers).sum()) > IMPOSSIBLE_SHARE * len(answers):
            return  # they are no parts of what was waited
        for name in answers.stages.names:
            for kind, field in ((STAGE_QUEUE, "queued_ms"), (STAGE, "running_ms")):
                ms = float(answers.stages.at(name, field).cumsum()[-1]) / len(answers)
                yield Place(kind=kind, at=name), self.per_second * ms / 1e3


@dataclass(frozen=True, kw_only=True)
class Excess:
    """Requests at one place that would not be there if nobody waited for anybody."""

    place: Place
    requests: float
    share: float
    """Of all that wait because of the load (`Service.waiting`)."""
    ms: float
    """How much longer that makes each answer."""


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
    def held(self) -> float:
        """The share of the requests in flight that wait because of the load: 0, it scales; near 1, all do."""
        return max(0.0, self.excess / self.heavy.in_flight) if self.heavy.in_flight else 0.0

    @cached_property
    def excesses(self) -> tuple[Excess, ...]:
        """By place, the greatest first; none where nobody looked inside. Where that is so of one load alone,
        both are taken by their stages: else all that is seen at the heavy one seemed more."""
        heavy, light = self.heavy.places, self.light.places
        if (self.heavy.inside is None) != (self.light.inside is None):
            heavy, light = self.heavy.by_stages, self.light.by_stages
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
        return tuple(sorted(found, key=lambda one: -one.requests))

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
        yield Service(
            deployment=points[0].deployment,
            config=points[0].config,
            points=tuple(LoadedPoint(level=level) for level in _paired(points)),
        )


def _paired(points: Sequence[OperatingPoint]) -> Iterator[OperatingPoint]:
    both = _repeats(points[0]) & _repeats(points[-1])
    for point in points:
        kept = [cell for cell in point.cells if not cell.valid or cell.sample.key in both]
        some = 0 < sum(cell.valid for cell in kept) < len(point.valid_cells)
        yield of_cells(point, kept) if some else point


def _repeats(point: OperatingPoint) -> set[object]:
    return {cell.sample.key for cell in point.valid_cells}
