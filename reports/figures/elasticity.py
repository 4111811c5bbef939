"""How much a logarithm changes with others, from windows of time in which one cause at a time was varied.

Each window in which a stage is slowed is held against those beside it in which none is: a drift of the
machine, however it goes, is in both. A window has what ended in it, but for its beginning, in which requests
still come from queues of the window before. What began before it was slowed for a part of its time, and is
counted as slowed by that part: what takes long would be missing if those were left out.

What a stage took in a window without its delay is known, too: on a busy machine it changes by as much as the
dial does, and a stage that took longer by chance was slowed by so much more. So what is held against the
change is the stage's whole time, with the dial, which is random, as its instrument (Wright 1928): chance is
not taken for an effect. Where that time says nothing of what is changed, as of a stage that nobody queues
for, it would only add noise: of the two estimates, with it and without, the surer one is taken.

A window that something else spoiled weighs less (Huber, *Robust Statistics*, 1981). Intervals: the slowed
windows are drawn again, in pairs of neighbours, which share a window (moving blocks: Kunsch, Annals of
Statistics 17, 1989).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Literal

import numpy as np
from scipy.special import stdtrit

from records.cells.measure import CONFIDENCE
from records.evidence.dial import NONE, DialWindow
from reports.columns.kinds import Floats
from reports.figures.stats import DRAWS, Estimate

Of = Literal["count", "pace", "size"]
"""Of what the logarithm is: of how many ended a second; the same by what they took, where each of a fixed
number of users always has one (Little 1961), for few of them may end in a window, and one that hung would be
most of it; of how large they were. Of sizes it is the mean of logarithms."""
BLOCK = 2
"""Slowed windows that follow each other are drawn together."""
HUBER = 1.5
"""Standard deviations past which a window weighs less."""
STEPS = 10
MOST_SETTLING = 0.6
"""Of a window, which is left out at its beginning: what went on there is of the window before as much."""
APART_NS = 50_000_000
"""Windows with so much between them are no neighbours."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Spans:
    """Things that took a while: when each began and ended (Unix ns), and how large it was."""

    began: Floats
    ended: Floats
    values: Floats

    @property
    def lasted(self) -> Floats:
        found: Floats = self.ended - self.began
        return found


@dataclass(frozen=True, kw_only=True, eq=False)
class Contrasts:
    """Slowed windows less their neighbours: of the logarithm, and of each stage's dial."""

    changes: Floats
    dials: Floats
    """A column a stage."""
    owns: Floats
    """Of the logarithm of what a run of the slowed stage took without its delay; 0 in the others' columns."""


def dial_of(windows: Sequence[DialWindow], stage: str) -> float:
    """Of the delays that were wanted, the share that was made: sleeping and hashing are not exact."""
    runs = [window.stages[stage] for window in windows if stage in window.stages]
    wanted = sum(one.wanted_ns for one in runs)
    return sum(one.made_ns for one in runs) / wanted if wanted else 1.0


def _felt(windows: Sequence[DialWindow], stage: str, began: Floats, ended: Floats, zero: int) -> Floats:
    """The logarithm by which a stage was slower over each time, had nothing else been done in it: so long as
    it is slowed by a tenth, a second brings it 1/1.1 seconds further."""
    made = dial_of(windows, stage)
    edges, lost, total = [], [], 0.0
    for window in windows:
        start, end = float(window.start_ns - zero), float(window.end_ns - zero)
        edges += [start, end]
        lost.append(total)
        if window.stage == stage:
            total += (1 - 1 / (1 + made * window.percent / 100)) * (end - start)
        lost.append(total)
    share = (np.interp(ended, edges, lost) - np.interp(began, edges, lost)) / np.maximum(ended - began, 1.0)
    felt: Floats = -np.log1p(-share)
    return felt


def contrasts(
    windows: Sequence[DialWindow],
    stages: Sequence[str],
    spans: Spans,
    within: tuple[int, int],
    settling_ns: float,
    of: Of,
) -> Contrasts:
    """Of the windows within a time (Unix ns), each without its first ``settling_ns``."""
    zero = windows[0].start_ns if windows else 0
    order = np.argsort(spans.ended)
    began, ended, values = (spans.began - zero)[order], (spans.ended - zero)[order], spans.values[order]
    felt = np.stack([_felt(windows, stage, began, ended, zero) for stage in stages])
    rows: list[tuple[float, Floats] | None] = []
    for window in windows:
        length = window.end_ns - window.start_ns
        start = window.start_ns - zero + min(settling_ns, MOST_SETTLING * length)
        first, last = np.searchsorted(ended, [start, window.end_ns - zero])
        inside = within[0] <= window.start_ns and window.end_ns <= within[1]
        if not inside or last - first < 1 or first == 0 or last == len(ended):
            rows.append(None)
            continue
        if of == "count":
            passed = _passed(ended, window.end_ns - zero, last) - _passed(ended, start, first)
            large = math.log(passed / (window.end_ns - zero - start))
        else:
            mean = float(np.log(values[first:last]).mean())
            large = -mean if of == "pace" else mean
        rows.append((large, felt[:, first:last].mean(axis=1)))
    changes, dials, owns = [], [], []
    for i, (window, row) in enumerate(zip(windows, rows, strict=True)):
        beside = [j for j in (i - 1, i + 1) if 0 <= j < len(windows) and _rests(windows, i, j)]
        known = [one for j in beside if (one := rows[j]) is not None]
        if window.stage == NONE or row is None or not known:
            continue
        changes.append(row[0] - float(np.mean([one[0] for one in known])))
        dials.append(row[1] - np.mean([one[1] for one in known], axis=0))
        own = _own_change(window, [windows[j] for j in beside])
        owns.append([own if stage == window.stage else 0.0 for stage in stages])
    shape = (len(changes), len(stages))
    return Contrasts(
        changes=np.asarray(changes), dials=np.reshape(dials, shape), owns=np.reshape(owns, shape)
    )


def _own_change(window: DialWindow, beside: Sequence[DialWindow]) -> float:
    """By how much the logarithm of what the slowed stage itself takes differs from that beside; 0 where it
    ran on one side alone."""
    here, *others = (_own_ns(one, window.stage) for one in (window, *beside))
    known = [math.log(own) for own in others if own > 0]
    return math.log(here) - fmean(known) if here > 0 and known else 0.0


def _own_ns(window: DialWindow, stage: str) -> float:
    runs = window.stages.get(stage)
    return runs.own_ns / runs.runs if runs is not None and runs.runs else 0.0


def _passed(ended: Floats, at: float, number: int) -> float:
    """How many had ended at a moment, before which there are so many; between two of them a part of one."""
    before, after = float(ended[number - 1]), float(ended[number])
    return number + (at - before) / max(after - before, 1.0)


def _rests(windows: Sequence[DialWindow], at: int, beside: int) -> bool:
    """Is the other one a neighbour in which nothing is slowed?"""
    first, second = windows[min(at, beside)], windows[max(at, beside)]
    return windows[beside].stage == NONE and second.start_ns - first.end_ns < APART_NS


def joined(parts: Sequence[Contrasts]) -> Contrasts:
    """Those of several cells."""
    return Contrasts(
        changes=np.concatenate([part.changes for part in parts]),
        dials=np.concatenate([part.dials for part in parts]),
        owns=np.concatenate([part.owns for part in parts]),
    )


def elasticities(found: Contrasts, rng: np.random.Generator) -> list[Estimate | None]:
    """By how many percent it changes with each percent, stage by stage; None where windows are too few."""
    changes, dials = found.changes, found.dials
    n, columns = dials.shape
    if n < BLOCK * (columns + 1) or np.linalg.matrix_rank(dials) < columns:
        return [None] * columns
    counts = _drawn(n, rng)
    without, with_own = (_estimated(counts, changes, taken, dials) for taken in (dials, dials + found.owns))
    surer = with_own[2] < without[2]
    values = np.where(surer, with_own[0], without[0])
    draws = np.where(surer, with_own[1], without[1])
    # Few windows differ less among themselves than many would.
    blocks = n / BLOCK
    stretch = (
        math.sqrt(blocks / (blocks - columns)) * float(stdtrit(blocks - columns, (1 + CONFIDENCE) / 2)) / 1.96
    )
    low, high = np.nanpercentile(draws, [100 * (1 - CONFIDENCE) / 2, 100 * (1 + CONFIDENCE) / 2], axis=0)
    return [
        Estimate(
            value=float(value),
            low=float(value + stretch * (a - value)),
            high=float(value + stretch * (b - value)),
        )
        for value, a, b in zip(values, low, high, strict=True)
    ]


def _estimated(
    counts: Floats, changes: Floats, taken: Floats, dials: Floats
) -> tuple[Floats, Floats, Floats]:
    """Stage by stage the elasticity, its draws, and how far apart the middle half of these is."""
    values, usual = _fitted(np.ones((1, len(changes))), changes, taken, dials, None)
    draws, _ = _fitted(counts, changes, taken, dials, usual)
    low, high = np.nanpercentile(draws, [25, 75], axis=0)
    return values[0], draws, high - low


def _solved(weights: Floats, changes: Floats, taken: Floats, dials: Floats) -> Floats:
    """By instruments, through nothing, once for each row of weights; nan where a row leaves a stage out."""
    products = np.nan_to_num(np.einsum("dn,ni,nj->dij", weights, dials, taken))
    wanted = np.einsum("dn,ni,n->di", weights, dials, changes)
    whole = np.linalg.matrix_rank(products) == dials.shape[1]
    found: Floats = np.full(wanted.shape, np.nan)
    found[whole] = np.linalg.solve(products[whole], wanted[whole][..., None])[..., 0]
    return found


def _fitted(
    counts: Floats, changes: Floats, taken: Floats, dials: Floats, usual: float | None
) -> tuple[Floats, float]:
    """Huber's estimate for each row of counts of the windows, and what residuals usually are, if that is not
    known."""
    found, scale = _solved(counts, changes, taken, dials), usual or 0.0
    for _ in range(STEPS):
        rest = np.abs(changes - found @ taken.T)
        if usual is None:
            freedom = len(changes) - dials.shape[1]
            scale = 1.4826 * float(np.median(rest)) * math.sqrt(len(changes) / freedom)
        weights = np.minimum(1.0, HUBER * max(scale, 1e-9) / np.maximum(rest, 1e-12))
        found = _solved(counts * weights, changes, taken, dials)
    return found, scale


def _drawn(n: int, rng: np.random.Generator) -> Floats:
    """How often each of n windows was drawn, in blocks of neighbours that may begin anywhere."""
    counts = np.zeros((DRAWS, n))
    firsts = rng.integers(0, n, size=(DRAWS, -(-n // BLOCK)))
    for offset in range(BLOCK):
        for column in range(firsts.shape[1]):
            if column * BLOCK + offset < n:
                np.add.at(counts, (np.arange(DRAWS), (firsts[:, column] + offset) % n), 1.0)
    return counts


def counted(windows: Sequence[DialWindow]) -> Mapping[str, int]:
    """How many windows slow each stage."""
    return {
        stage: sum(window.stage == stage for window in windows)
        for stage in dict.fromkeys(window.stage for window in windows)
        if stage != NONE
    }
