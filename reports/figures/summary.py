"""From records to what the report is of: cells, and levels (the valid cells of one load, pooled)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from records.cells import layout
from records.cells.cell import Cell, Check, Window
from records.cells.reader import Run
from records.errors import RecordError
from records.evidence.counted import machine_of
from records.evidence.inside import read_inside
from records.evidence.inside_span import InsideOfSpan
from records.evidence.inside_span import summary as inside_over
from records.evidence.limits import CellLimits
from records.evidence.machine import Machine, machine_over
from records.evidence.pods import CellPods
from records.evidence.samples import samples_in
from records.evidence.scraped import Reading, SeriesOver, scraped_in, scraped_over
from records.services.variants import MOCKS
from reports.columns.kinds import Floats
from reports.columns.requests import Requests
from reports.figures.figures import Figures, figures_in, figures_of, throughput_of
from reports.figures.load import Load
from reports.figures.pooling.concurrent_cells import CellPart, merged_cell, simultaneous
from reports.figures.pooling.rows import PooledRow, rows_of
from reports.figures.stats import Sample
from workloads.catalogue import workload
from workloads.workload import Workload

CONFIG_ORDER = tuple(MOCKS)


@dataclass(frozen=True, kw_only=True, eq=False)
class CellSummary:
    """A cell with what follows from its records alone; of several parts where several masters made it."""

    source: str
    cell: Cell
    parts: tuple[CellPart, ...]
    every: Requests
    """All that were kept, of all parts."""
    counted: Requests
    """The measured requests."""
    sample: Sample
    figures: Figures

    @property
    def valid(self) -> bool:
        return self.cell.verdict.valid and self.window is not None

    @property
    def workload(self) -> Workload:
        return self.figures.workload

    @property
    def timed(self) -> Requests:
        """The good answers that latencies are of."""
        return self.counted.timed

    @property
    def window(self) -> Window | None:
        return self.cell.window

    @cached_property
    def profile(self) -> tuple[dict[str, Any], ...]:
        """The profiler's samples in the measuring window, of all parts, read when they are first wanted; none
        where none were kept, or a file of them cannot be read: what was measured does not hang on them."""
        if (window := self.window) is None:
            return ()
        found = []
        for part in self.parts:
            with suppress(RecordError, OSError):
                found += samples_in(part.data.path)
        times = ((sample.get("at_ns"), sample) for sample in found)
        return tuple(
            sample for at, sample in times if isinstance(at, int) and window.start_ns <= at <= window.end_ns
        )

    @cached_property
    def machine(self) -> Machine | None:
        """What these samples come to; of several parts, those of the profiler that took most. Without any,
        what the counters of its containers say."""
        seen = machine_over(self.profile)
        return machine_of(self.limits) if seen is None and self.limits is not None else seen

    @cached_property
    def insides(self) -> tuple[tuple[InsideOfSpan, float], ...]:
        """What was seen inside it in each part's window, and for how many seconds; nothing where nobody
        looked, or no file of it can be read."""
        return tuple(self._insides())

    def _insides(self) -> Iterator[tuple[InsideOfSpan, float]]:
        if (window := self.window) is None:
            return
        for part in self.parts:
            with suppress(OSError):
                samples = read_inside(part.data.path / layout.INSIDE)
                if (inside := inside_over(samples, window.start_ns, window.end_ns)) is not None:
                    yield inside, window.seconds

    @cached_property
    def limits(self) -> CellLimits | None:
        """What the service was allowed and saw; None where that was not kept, or cannot be read."""
        for part in self.parts:
            with suppress(RecordError, OSError):
                if (found := CellLimits.read(part.data.path)) is not None:
                    return found
        return None

    @cached_property
    def pods(self) -> CellPods | None:
        """The pods that it was measured on; None where there were none, or that cannot be read."""
        for part in self.parts:
            with suppress(RecordError, OSError):
                if (found := CellPods.read(part.data.path)) is not None:
                    return found
        return None

    @cached_property
    def scraped(self) -> tuple[SeriesOver, ...]:
        """What services said of themselves in the measuring window, read as the profile is."""
        found: list[Reading] = []
        for part in self.parts:
            with suppress(OSError):
                found += scraped_in(part.data.path)
        window = self.window
        return scraped_over(found, (window.start_ns, window.end_ns)) if window else ()

    @property
    def aborted(self) -> int:
        """Requests that had no answer when the load ended: in no figure."""
        return int(self.every.mask(lambda one: one.outcome == "aborted").sum())

    @property
    def failed_checks(self) -> tuple[Check, ...]:
        """Why it is not believed."""
        if self.window is None and self.cell.verdict.valid:
            return (Check(name="window", status="fail", text="no measuring window: nothing was counted"),)
        return self.cell.verdict.failures


@dataclass(frozen=True, kw_only=True, eq=False)
class OperatingPoint:
    """All cells of one row at one load; figures over the valid ones."""

    row: PooledRow
    load: Load
    cells: tuple[CellSummary, ...]
    figures: Figures
    """Of the valid cells; where there is none, of the invalid ones, to be shown struck out only."""
    throughput_draws: Floats = field(repr=False)
    """The bootstrap's draws of throughput, stretched; empty where no cell is valid."""

    @property
    def workload(self) -> Workload:
        return self.figures.workload

    @property
    def deployment(self) -> str:
        return self.row.deployment

    @property
    def config(self) -> str:
        """What the row is called: its variant, and in what it differs from the variant's other rows."""
        return self.row.config

    @property
    def valid_cells(self) -> tuple[CellSummary, ...]:
        return tuple(cell for cell in self.cells if cell.valid)

    @property
    def valid(self) -> bool:
        return any(cell.valid for cell in self.cells)

    @cached_property
    def timed(self) -> Requests:
        """The good answers of its valid cells that latencies are of."""
        return timed_of(self.valid_cells)

    @property
    def samples(self) -> tuple[Sample, ...]:
        return tuple(cell.sample for cell in self.valid_cells)

    @property
    def name(self) -> str:
        return f"{self.deployment}/{self.config}/c{self.load.label:0>2}"


def timed_of(cells: Iterable[CellSummary]) -> Requests:
    """The good answers of all these that latencies are of."""
    return Requests.joined([cell.timed for cell in cells])


def summarise_cell(parts: Sequence[CellPart]) -> CellSummary:
    """A cell's figures from the raw records of all its parts."""
    cell = merged_cell(parts)
    window = cell.window
    source = " + ".join(part.source for part in parts)
    every = Requests.joined([part.requests for part in parts])
    requests = every.measured(window)
    kind = workload(cell.workload)
    sample, figures = figures_in(kind, window, requests, every, key=(source, cell.repeat), name=cell.name)
    return CellSummary(
        source=source,
        cell=cell,
        parts=tuple(parts),
        every=every,
        counted=requests,
        sample=sample,
        figures=figures,
    )


def _level(row: PooledRow, load: Load, cells: Sequence[CellSummary]) -> OperatingPoint:
    shown = [c for c in cells if c.valid] or list(cells)
    samples = [c.sample for c in shown]
    throughput, draws = throughput_of(samples, f"{row.deployment}/{row.config}/c{load.label}")
    counted = Requests.joined([c.counted for c in shown])
    return OperatingPoint(
        row=row,
        load=load,
        cells=tuple(cells),
        figures=figures_of(cells[0].workload, counted, samples, throughput),
        throughput_draws=draws if any(c.valid for c in cells) else np.empty(0),
    )


def of_cells(level: OperatingPoint, cells: Sequence[CellSummary]) -> OperatingPoint:
    """The same row at the same load by some of its cells, one at least."""
    return _level(level.row, level.load, cells)


def ordered(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """``known`` names first, in their order; then the others by alphabet."""
    return sorted(set(names), key=lambda n: (known.index(n) if n in known else len(known), n))


def source_names(runs: Sequence[Run]) -> list[str]:
    """A name for each run: its folder's, with a number where two are alike."""
    names = [run.path.resolve().name for run in runs]
    return [n if names.count(n) == 1 else f"{n}#{names[:i].count(n) + 1}" for i, n in enumerate(names)]


def _plans(runs: Sequence[Run], *keys: str) -> list[Any]:
    """What lists under these names hold in the runs' plans, in their order."""
    plans = [plan for run in runs if isinstance(plan := run.meta.get("plan"), dict)]
    return [
        one for plan in plans for key in keys if isinstance(found := plan.get(key), list) for one in found
    ]


def _planned(runs: Sequence[Run]) -> list[str]:
    """The deployments' labels in the order of the runs' plans."""
    return [str(one["label"]) for one in _plans(runs, "targets") if isinstance(one, dict) and "label" in one]


def planned_variants(runs: Sequence[Run]) -> list[str]:
    """The variants' names in that order; an older plan has names alone."""
    named = _plans(runs, "configs", "variants")
    return [str(one.get("name")) if isinstance(one, dict) else str(one) for one in named]


def summarise(runs: Sequence[Run]) -> tuple[OperatingPoint, ...]:
    """Every level of all the runs, by deployment, row, load, workload: raw values, parts added
    (``simultaneous``), repeats pooled. Rows of one variant stand in the order of the runs."""
    names = source_names(runs)
    parts = [
        CellPart(source=name, data=data) for run, name in zip(runs, names, strict=True) for data in run.cells
    ]
    cells = [summarise_cell(group) for group in simultaneous(parts)]
    groups: dict[tuple[PooledRow, Load, str], list[CellSummary]] = {}
    met: dict[PooledRow, int] = {}
    rows = rows_of([cell.cell for cell in cells], [cell.source for cell in cells])
    for cell, row in zip(cells, rows, strict=True):
        groups.setdefault((row, Load.of(cell.cell), cell.cell.workload), []).append(cell)
        first = min(names.index(part.source) for part in cell.parts)
        met[row] = min(first, met.get(row, first))
    deployments = ordered((row.deployment for row in met), [*_planned(runs), "local"])
    variants = ordered((row.variant for row in met), [*CONFIG_ORDER, *planned_variants(runs)])

    def place(key: tuple[PooledRow, Load, str]) -> Any:
        row, *rest = key
        order = (deployments.index(row.deployment), variants.index(row.variant))
        return *order, met[row], row.difference, *rest

    return tuple(
        _level(row, load, sorted(groups[row, load, kind], key=lambda c: (c.source, c.cell.repeat)))
        for row, load, kind in sorted(groups, key=place)
    )
