"""A service at one load: how many requests are where, how long they take, and what was seen meanwhile."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from statistics import fmean

import numpy as np

from records.evidence.inside import Place
from records.evidence.stacks import Stacks
from reports.columns.kinds import Floats
from reports.columns.requests import Requests
from reports.evidence.behind import behind, takers_of
from reports.evidence.inside import InsideOfCells, mean_inside
from reports.evidence.kinds import OUTSIDE, STAGE, STAGE_QUEUE
from reports.evidence.machine import GotOfMachine, got_of_machine
from reports.evidence.outside import Probed, probed
from reports.evidence.stacks import stacks_of
from reports.evidence.upstream import Upstream, upstream_of
from reports.figures.stages import impossible_stages
from reports.figures.summary import OperatingPoint
from workloads.checks.streams import IMPOSSIBLE_STAGES
from workloads.stream import STREAM

NOT_MET = Place(kind=OUTSIDE)


@dataclass(frozen=True, kw_only=True, eq=False)
class LoadedPoint:
    """A service at one load."""

    level: OperatingPoint
    lightest: LoadedPoint | None = None
    """The same at the lightest load; None: it is that."""

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
        return tuple(replace(self, level=replace(self.level, cells=(cell,))) for cell in cells)

    def of(self, repeat: object) -> LoadedPoint:
        """The same of one repeat's cells."""
        cells = tuple(cell for cell in self.level.valid_cells if cell.sample.key == repeat)
        return replace(self, level=replace(self.level, cells=cells))

    @cached_property
    def inside(self) -> InsideOfCells | None:
        return mean_inside([found for cell in self.level.valid_cells for found in cell.insides])

    @cached_property
    def machine(self) -> GotOfMachine | None:
        return got_of_machine(self.level.valid_cells)

    @property
    def loop_cpu(self) -> tuple[float | None, float | None]:
        """The shares of the time in which the loop's thread was on a CPU, and in which it could run and had
        none: by the clocks that were seen inside, else by its machine's main thread; None: nobody knows."""
        inside, machine = self.inside, self.machine
        if inside is not None and inside.loop_on_cpu is not None:
            return inside.loop_on_cpu, inside.loop_delay
        return (None, None) if machine is None else (machine.main_thread_cpu, machine.main_thread_delay)

    @property
    def loop_held(self) -> float:
        """The share of the time in which the loop's thread was at something, or had no CPU for it.

        Who looks at work in small pieces does so when the thread lets go of the interpreter, which is when it
        has nothing to do: so it was held at least as long as it was on a CPU, or waited for one. 0 where
        nobody looked inside.
        """
        inside = self.inside
        if inside is None:
            return 0.0
        return max(inside.loop_busy, min(1.0, (inside.loop_on_cpu or 0.0) + (inside.loop_delay or 0.0)))

    @property
    def loop_works(self) -> float:
        """What of that is left without its waits for a CPU."""
        inside = self.inside
        if inside is None:
            return 0.0
        return max(inside.loop_busy - (self.loop_cpu[1] or 0.0), inside.loop_on_cpu or 0.0)

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
        return self._with_unmet(behind(self.inside, self.takers), self.inside.requests)

    @property
    def takers(self) -> frozenset[str]:
        """Functions of the app's own tasks that wait for work at the lightest load."""
        return frozenset() if self.lightest is None else takers_of(self.lightest.inside)

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
        wrong = impossible_stages(answers)
        if int(wrong.sum()) > IMPOSSIBLE_STAGES * len(answers):
            return  # they are no parts of what was waited
        answers = answers.where(~wrong)
        for name in answers.stages.names:
            for kind, field in ((STAGE_QUEUE, "queued_ms"), (STAGE, "running_ms")):
                ms = float(answers.stages.at(name, field).cumsum()[-1]) / len(answers)
                yield Place(kind=kind, at=name), self.per_second * ms / 1e3
