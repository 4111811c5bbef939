"""How the TTFT grows from the lightest load to each heavier one, stage by stage.

Medians of parts do not add up to the median of the whole, but means do. So the requests at one place among
all (in the middle, or the slowest) are taken by their TTFT, at either load, and all is their mean: what each
stage queued and ran longer, and the remainder that no stage explains, add up to what the TTFT grew by.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from reports.columns.kinds import Floats, Ints
from reports.columns.requests import Requests
from reports.figures.load import Load
from reports.figures.rising import rising
from reports.figures.stages import impossible_stages, stage_names, with_stages
from reports.figures.summary import OperatingPoint
from workloads.checks.streams import IMPOSSIBLE_STAGES

Ranked = Literal["middle", "slowest"]
RANKS: Mapping[Ranked, tuple[int, int]] = {"middle": (45, 55), "slowest": (90, 100)}
"""Percents of the requests, ordered by TTFT: the parts of a median's and of a tail's."""
FEWEST = 10
"""Answers of a load: with fewer there is no tenth."""


@dataclass(frozen=True, kw_only=True)
class StageTime:
    """What a stage takes, in its queue and running; or what it takes longer."""

    queued_ms: float
    running_ms: float

    @property
    def ms(self) -> float:
        return self.queued_ms + self.running_ms


@dataclass(frozen=True, kw_only=True)
class TtftGrowth:
    """Means over the requests of one rank, ms. What the stages grew by and ``unattributed_ms`` add up to what
    the TTFT did."""

    deployment: str
    config: str
    since: Load
    """The lightest load whose stage times may be believed."""
    load: Load
    ranked: Ranked
    answers: int
    """That the means at ``load`` are of."""
    ttft_since_ms: float
    ttft_ms: float
    stages: Mapping[str, StageTime]
    """By how much each stage's times grew."""
    unattributed_ms: float
    """By how much that grew which no stage has."""

    @property
    def grown_ms(self) -> float:
        return self.ttft_ms - self.ttft_since_ms


@dataclass(frozen=True, kw_only=True, eq=False)
class _Timed:
    requests: Requests
    ttft_ms: Floats
    order: Ints
    """Their places by TTFT."""


@dataclass(frozen=True, kw_only=True)
class _Means:
    answers: int
    ttft_ms: float
    stages: Mapping[str, StageTime]

    def of(self, stage: str) -> StageTime:
        """One that does not occur at this load takes nothing of it."""
        return self.stages.get(stage, StageTime(queued_ms=0.0, running_ms=0.0))


def ttft_growths(levels: Sequence[OperatingPoint]) -> tuple[TtftGrowth, ...]:
    """Of each row with stage times at two loads or more; loads with a shape are none."""
    shapeless = [level for level in levels if not level.load.shape]
    return tuple(found for points in rising(shapeless) for found in _growths(points))


def _growths(points: Sequence[OperatingPoint]) -> Iterator[TtftGrowth]:
    believed = [(point, timed) for point in points if (timed := _timed(point))]
    for point, timed in believed[1:]:
        lightest, before = believed[0]
        for ranked in RANKS:
            yield _growth(point, lightest.load, ranked, _means(before, ranked), _means(timed, ranked))


def _timed(point: OperatingPoint) -> _Timed | None:
    """Its answers with stages that can be true, by TTFT; none where there are too few, or too many cannot."""
    timed = with_stages(point.timed)
    possible = timed.where(~impossible_stages(timed))
    if len(possible) < FEWEST or len(timed) - len(possible) > IMPOSSIBLE_STAGES * len(timed):
        return None
    ttft_ms = possible.ttft_ms
    return _Timed(requests=possible, ttft_ms=ttft_ms, order=np.argsort(ttft_ms, kind="stable"))


def _means(timed: _Timed, ranked: Ranked) -> _Means:
    low, high = RANKS[ranked]
    count = len(timed.order)
    own = timed.order[low * count // 100 : -(-high * count // 100)]  # its ends are among them
    mask = np.zeros(count, dtype=np.bool_)
    mask[own] = True
    requests = timed.requests.where(mask)

    def mean(values: Floats) -> float:
        """Over all of them: a request without the stage spent nothing there."""
        return math.fsum(values.tolist()) / len(own)

    stages = requests.stages
    return _Means(
        answers=len(own),
        ttft_ms=mean(timed.ttft_ms[own]),
        stages={
            name: StageTime(
                queued_ms=mean(stages.at(name, "queued_ms")), running_ms=mean(stages.at(name, "running_ms"))
            )
            for name in stage_names(requests)
        },
    )


def _growth(point: OperatingPoint, since: Load, ranked: Ranked, before: _Means, now: _Means) -> TtftGrowth:
    stages = {
        name: StageTime(
            queued_ms=now.of(name).queued_ms - before.of(name).queued_ms,
            running_ms=now.of(name).running_ms - before.of(name).running_ms,
        )
        for name in dict.fromkeys((*before.stages, *now.stages))
    }
    grown = now.ttft_ms - before.ttft_ms
    of_stages = (ms for part in stages.values() for ms in (part.queued_ms, part.running_ms))
    return TtftGrowth(
        deployment=point.deployment,
        config=point.config,
        since=since,
        load=point.load,
        ranked=ranked,
        answers=now.answers,
        ttft_since_ms=before.ttft_ms,
        ttft_ms=now.ttft_ms,
        stages=stages,
        unattributed_ms=math.fsum((grown, *(-ms for ms in of_stages))),
    )
