"""Why one deployment answers less than another: four hypotheses, and what each takes of the gap.

"It works on my laptop and crawls in Kubernetes" since one process serves all; since there are fewer threads
by default; for its memory limit and garbage collection; for its CPU limit, which stops the model. The gap is
the difference of cycle times (users over good answers a second), and each hypothesis' part is the difference
of what `cycle` has of it in either deployment, so parts and rest add up to the gap. The part is nothing where
the mechanism is not there: where the slower deployment has as many processes, or as many threads.

What queues in front of a full processor waits for that, and not for processes or threads: then those two
cannot be told apart from less CPU. Intervals are of repeats, as those of effects (`reports.figures.effects`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from reports.evidence.cycle import Cycle, cycles
from reports.evidence.loaded import LoadedPoint
from reports.evidence.mechanisms import CODES, MEMORY, PARTS, Seen, Why, faults_ms, seen, testable
from reports.evidence.service import Service
from reports.figures.compare import DeploymentRatio
from reports.figures.effects import Noise, Timed, noise_of
from reports.figures.load import Load
from reports.figures.stats import Estimate
from workloads.workload import Workload

MATTERS = 0.1
"""Such a share of the gap a hypothesis has to explain."""
Verdict = Literal["confirmed", "refuted", "untestable"]
Of = Callable[[Cycle], float]


@dataclass(frozen=True, kw_only=True)
class Hypothesis:
    code: str
    verdict: Verdict
    why: Why
    part: Estimate | None
    """Milliseconds of the gap; None: it cannot be told from the rest."""
    share: float | None
    """Of the gap."""
    seen: tuple[Seen, ...]


@dataclass(frozen=True, kw_only=True)
class GapCauses:
    """Of one configuration at one load."""

    faster: str
    slower: str
    config: str
    load: Load
    workload: Workload
    faster_ms: float
    """Their cycle times."""
    slower_ms: float
    gap: Estimate
    hypotheses: tuple[Hypothesis, ...]
    rest: Estimate
    """What none of them explains."""
    rest_seen: tuple[Seen, ...]

    @property
    def rest_share(self) -> float:
        return self.rest.value / self.gap.value


@dataclass(frozen=True, kw_only=True)
class _Pair:
    faster: LoadedPoint
    slower: LoadedPoint

    @property
    def counted(self) -> tuple[str, ...]:
        return tuple(code for code in CODES if not testable(code, self.faster, self.slower))


def gap_causes(found: Sequence[DeploymentRatio], services: Sequence[Service]) -> Iterator[GapCauses]:
    """Of each pair of deployments at each load at which one answers less, and not by chance."""
    pairs = list(_pairs(found, services))
    noises: dict[tuple[str, ...], Noise | None] = {}

    def noise(of: Of, *name: str) -> Noise | None:
        if name not in noises:  # one for all pairs: repeats are few
            noises[name] = noise_of(_timed(pairs, of))
        return noises[name]

    def estimate(pair: _Pair, of: Of, *name: str) -> Estimate:
        return _difference(pair, of, (noise(_whole), noise(of, *name)))

    for pair in pairs:
        gap = estimate(pair, _whole)
        if gap.value <= 0:
            continue
        counted = pair.counted
        parts = {code: estimate(pair, _part(code), code) for code in counted}
        level = pair.slower.level
        yield GapCauses(
            faster=pair.faster.level.deployment,
            slower=level.deployment,
            config=level.config,
            load=level.load,
            workload=level.workload,
            faster_ms=_mean(_values(pair.faster, _whole)),
            slower_ms=_mean(_values(pair.slower, _whole)),
            gap=gap,
            hypotheses=tuple(_hypothesis(code, pair, gap.value, parts.get(code)) for code in CODES),
            rest=estimate(pair, _rest(counted), "rest", *counted),
            rest_seen=seen("", pair.faster, pair.slower),
        )


def _pairs(found: Sequence[DeploymentRatio], services: Sequence[Service]) -> Iterator[_Pair]:
    points = {
        (level.deployment, level.config, level.workload.name, level.load): point
        for service in services
        for point in service.points
        for level in (point.level,)
    }
    for one in found:
        ratio = one.throughput
        if ratio is None or one.workload_mismatch or not one.load.closed or not ratio.excludes_one:
            continue
        both = [
            points.get((name, one.config, one.workload.name, one.load)) for name in (one.first, one.second)
        ]
        faster, slower = both if ratio.value > 1 else reversed(both)
        if faster is not None and slower is not None and _told(faster) and _told(slower):
            yield _Pair(faster=faster, slower=slower)


def _told(point: LoadedPoint) -> bool:
    return any(True for _ in cycles(point))


def _whole(cycle: Cycle) -> float:
    return cycle.whole


def _part(code: str) -> Of:
    return lambda cycle: PARTS[code](cycle) or 0.0


def _rest(counted: Sequence[str]) -> Of:
    return lambda cycle: cycle.whole - math.fsum(_part(code)(cycle) for code in counted)


def _values(point: LoadedPoint, of: Of) -> dict[Hashable, float]:
    """By the repeat."""
    return {cell.sample.key: of(cycle) for cell, cycle in cycles(point)}


def _mean(values: Mapping[Hashable, float]) -> float:
    return math.fsum(values.values()) / len(values)


def _timed(pairs: Sequence[_Pair], of: Of) -> Iterator[Timed]:
    """Each cell once."""
    for point in {p.level.name: p for pair in pairs for p in (pair.faster, pair.slower)}.values():
        level = point.level
        for repeat, ms in _values(point, of).items():
            yield Timed(
                group=level.deployment,
                service=(level.deployment, level.config),
                point=level.load,
                repeat=repeat,
                ms=ms,
            )


def _difference(pair: _Pair, of: Of, noises: Sequence[Noise | None]) -> Estimate:
    """With the widest interval that any of these noises gives: a part is noisy as its cycle is, and may be
    more so; of what one deployment alone has, its own repeats may tell nothing."""
    faster, slower = _values(pair.faster, of), _values(pair.slower, of)
    ms = _mean(slower) - _mean(faster)
    known = [noise for noise in noises if noise is not None]
    if not known:
        return Estimate(value=ms)
    squares = math.fsum(_mean(own) ** 2 / len(own) for own in (faster, slower))
    half = max(noise.half_width(squares) for noise in known)
    return Estimate(value=ms, low=ms - half, high=ms + half)


def _hypothesis(code: str, pair: _Pair, gap: float, part: Estimate | None) -> Hypothesis:
    why = testable(code, pair.faster, pair.slower)
    if why == "absent":
        part = Estimate(value=0.0, low=0.0, high=0.0)
    verdict: Verdict = "untestable"
    if part is not None:
        verdict = _verdict(part, gap)
        why = why or ("chance" if verdict == "untestable" else "")
        if code == MEMORY and verdict == "refuted":
            faults = faults_ms(pair.faster, pair.slower)
            if faults is None or part.value + faults >= MATTERS * gap:
                verdict, why = "untestable", "faults"
    return Hypothesis(
        code=code,
        verdict=verdict,
        why=why,
        part=part,
        share=None if part is None else part.value / gap,
        seen=seen(code, pair.faster, pair.slower),
    )


def _verdict(part: Estimate, gap: float) -> Verdict:
    """Confirmed is what takes its share and not by chance, refuted what does not take it even by chance."""
    low, high = (part.value if end is None else end for end in (part.low, part.high))
    if part.value >= MATTERS * gap and low > 0:
        return "confirmed"
    return "refuted" if high < MATTERS * gap else "untestable"
