"""What a slower stage costs: the elasticity of throughput and of the compared metric to each stage's time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass

import numpy as np

from records.cells import layout
from records.cells.reader import CellData
from records.evidence.dial import DialWindow, read_windows
from reports.columns.kinds import NO_INTEGER, Floats, Ints
from reports.columns.requests import Requests
from reports.figures.elasticity import (
    Contrasts,
    Of,
    Spans,
    contrasts,
    counted,
    dial_of,
    elasticities,
    joined,
)
from reports.figures.figures import generator
from reports.figures.load import Load
from reports.figures.measured import values_of
from reports.figures.pooling.concurrent_cells import CellPart
from reports.figures.stats import Estimate
from reports.figures.summary import CellSummary, OperatingPoint
from workloads.workload import Workload

FEWEST_WINDOWS = 6
"""Of a stage that was slowed; fewer say nothing."""
SETTLING = 1.5
"""Answers' times after which a change of the dial has come through."""
SLOWER = 1.25
"""So many times as long is what reports say it of."""
COUNTS = 0.1
"""An elasticity that is smaller has no sign worth naming."""


@dataclass(frozen=True, kw_only=True)
class Elasticity:
    """Of one stage at one load. -1: with 10 % more time, throughput is 9 % lower (divided by 1.1)."""

    deployment: str
    config: str
    workload: Workload
    load: Load
    stage: str
    own_ms: float
    """What it takes, without the delay."""
    made: float
    """Of the delay that was wanted, the share that was made."""
    windows: int
    throughput: Estimate | None
    compared: Estimate | None

    @property
    def signs(self) -> tuple[str, str]:
        return sign(self.throughput), sign(self.compared)


def sign(found: Estimate | None) -> str:
    """``+`` or ``-`` where it is large and sure enough; else nothing. Of many that are 0 some are beyond
    chance: so the whole interval is at least half as large, too."""
    if found is None or found.low is None or found.high is None or abs(found.value) < COUNTS:
        return ""
    if found.low > COUNTS / 2:
        return "+"
    return "-" if found.high < -COUNTS / 2 else ""


def changed(found: Estimate, times: float) -> Estimate:
    """What a figure is multiplied by where a stage takes so many times as long."""
    ends = [None if one is None else times**one for one in (found.low, found.high)]
    low, high = ends if times >= 1 else reversed(ends)
    return Estimate(value=times**found.value, low=low, high=high)


def windows_of(data: CellData) -> list[DialWindow]:
    """Those of a cell; none where its service had no dial, or the file cannot be read."""
    with suppress(OSError):
        return read_windows(data.path / layout.DIAL)
    return []


def dials(levels: Sequence[OperatingPoint]) -> tuple[Elasticity, ...]:
    """Of all levels with windows, stage by stage."""
    return tuple(found for level in levels for found in dial_of_level(level, level.valid_cells))


def dial_of_level(level: OperatingPoint, cells_of_it: Sequence[CellSummary]) -> Iterator[Elasticity]:
    """Of these cells of a level; what several masters made together is left out."""
    parts = [part for cell in cells_of_it if len(cell.parts) == 1 for part in cell.parts]
    cells = [(part, windows) for part in parts if (windows := windows_of(part.data)) and part.window]
    every = [window for _, windows in cells for window in windows]
    stages = sorted(counted(every))
    if not stages:
        return
    throughput = _estimates(cells, stages, level, "pace" if level.load.closed else "count")
    compared = _estimates(cells, stages, level, "size")
    for stage, per_second, metric in zip(stages, throughput, compared, strict=True):
        runs = [window.stages[stage] for window in every if stage in window.stages]
        enough = counted(every)[stage] >= FEWEST_WINDOWS
        yield Elasticity(
            deployment=level.deployment,
            config=level.config,
            workload=level.workload,
            load=level.load,
            stage=stage,
            own_ms=sum(one.own_ns for one in runs) / 1e6 / max(1, sum(one.runs for one in runs)),
            made=dial_of(every, stage),
            windows=counted(every)[stage],
            throughput=per_second if enough else None,
            compared=metric if enough else None,
        )


def _estimates(
    cells: Sequence[tuple[CellPart, list[DialWindow]]],
    stages: Sequence[str],
    level: OperatingPoint,
    of: Of,
) -> list[Estimate | None]:
    found: list[Contrasts] = []
    for part, windows in cells:
        window, requests = part.window, part.requests
        spans = _metric(level.workload, requests) if of == "size" else _answers(requests)
        if window is not None and len(spans.began):
            within = (window.start_ns, window.end_ns)
            settling_ns = SETTLING * float(np.median(_answers(requests).lasted))
            found.append(contrasts(windows, stages, spans, within, settling_ns, of))
    if not found:
        return [None] * len(stages)
    return elasticities(joined(found), generator(f"dial {level.deployment} {level.config} {of}"))


def _answers(requests: Requests) -> Spans:
    """Each good one, from the end of its user's last good one, or from when it was sent, to its own."""
    good = requests.good
    order = np.argsort(good.ended_ns, kind="stable")
    sent_ns, ended_ns = good.sent_ns[order], good.ended_ns[order]
    before_ns = _ended_before(good, order)
    closed = good.integers("due_at_ns")[order] == NO_INTEGER
    began_ns = np.where(closed & (before_ns != NO_INTEGER), before_ns, sent_ns)
    return _spans(began_ns, ended_ns, (ended_ns - began_ns).astype(np.float64))


def _ended_before(requests: Requests, order: Ints) -> Ints:
    """When the one before of each one's user ended, in this order."""
    users, ended_ns = requests.integers("user")[order], requests.ended_ns[order]
    workers = requests.manner.ranks(lambda one: one.worker)[order]
    by_user = np.lexsort((np.arange(len(order)), users, workers))
    same = (np.diff(users[by_user]) == 0) & (np.diff(workers[by_user]) == 0)
    found = np.full(len(order), NO_INTEGER)
    found[by_user[1:][same]] = ended_ns[by_user[:-1][same]]
    return found


def _metric(workload: Workload, requests: Requests) -> Spans:
    """Each value of the metric with its time: as long as it says if it is one, else as long as the answer."""
    timed = requests.timed
    values = values_of(workload.compared, timed)
    began_ns, ended_ns = timed.start_ns[values.owners], timed.ended_ns[values.owners]
    if workload.compared.unit == "ms":
        ended_ns = began_ns + np.rint(values.floats * 1e6).astype(np.int64)
    return _spans(began_ns, ended_ns, values.floats)


def _spans(began_ns: Ints, ended_ns: Ints, values: Floats) -> Spans:
    # In float64 Unix nanoseconds are exact to 256 ns, which is enough.
    some = values > 0
    return Spans(
        began=began_ns[some].astype(np.float64), ended=ended_ns[some].astype(np.float64), values=values[some]
    )
