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

from records.cells.request import RequestRecord
from reports.figures.load import Load
from reports.figures.rising import rising
from reports.figures.stages import stage_names
from reports.figures.summary import OperatingPoint
from workloads.checks.streams import IMPOSSIBLE_SHARE, impossible_stages

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


def _timed(point: OperatingPoint) -> list[RequestRecord]:
    """Its answers with stages that can be true, by TTFT; none where there are too few, or too many cannot."""
    timed = [r for cell in point.valid_cells for r in cell.timed if r.stages and r.ttft_ms is not None]
    possible = [r for r in timed if not impossible_stages(r)]
    if len(possible) < FEWEST or len(timed) - len(possible) > IMPOSSIBLE_SHARE * len(timed):
        return []
    return sorted(possible, key=lambda r: r.ttft_ms or 0.0)


def _means(ordered: Sequence[RequestRecord], ranked: Ranked) -> _Means:
    low, high = RANKS[ranked]
    own = ordered[low * len(ordered) // 100 : -(-high * len(ordered) // 100)]  # its ends are among them
    return _Means(
        answers=len(own),
        ttft_ms=math.fsum(r.ttft_ms or 0.0 for r in own) / len(own),
        stages={
            name: StageTime(
                queued_ms=_mean(own, name, "queued_ms"), running_ms=_mean(own, name, "running_ms")
            )
            for name in stage_names(own)
        },
    )  # fmt: skip


def _mean(own: Sequence[RequestRecord], stage: str, field: str) -> float:
    """Over all of them: a request without the stage spent nothing there."""
    return math.fsum((r.stages or {}).get(stage, {}).get(field, 0.0) for r in own) / len(own)


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
