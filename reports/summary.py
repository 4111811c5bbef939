"""From records to what the report is of: cells, and levels (the valid cells of one load, pooled)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from records.cell import Cell, Check, Window
from records.measure import measured
from records.reader import Run
from records.request import RequestRecord
from records.served import MOCKS_OF_CONFIG
from reports.figures import Figures, figures_in, figures_of, good_and_timed, throughput_of
from reports.load import Load
from reports.masters import Part, merged_cell, simultaneous
from reports.stats import Floats, Sample
from workloads.catalogue import workload
from workloads.workload import Workload

CONFIG_ORDER = tuple(MOCKS_OF_CONFIG)
DEPLOYMENT_ORDER = ("local", "pod", "k8s")


@dataclass(frozen=True, kw_only=True, eq=False)
class CellSummary:
    """A cell with what follows from its records alone; of several parts where several masters made it."""

    source: str
    cell: Cell
    parts: tuple[Part, ...]
    counted: tuple[RequestRecord, ...]
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
    def timed(self) -> list[RequestRecord]:
        """The good answers that latencies are of."""
        return good_and_timed(self.counted)

    @property
    def window(self) -> Window | None:
        return self.cell.window

    @property
    def failed_checks(self) -> tuple[Check, ...]:
        """Why it is not believed."""
        if self.window is None and self.cell.verdict.valid:
            return (Check(name="window", status="fail", text="no measuring window: nothing was counted"),)
        return self.cell.verdict.failures


@dataclass(frozen=True, kw_only=True, eq=False)
class Level:
    """All cells of one deployment, configuration and load; figures over the valid ones."""

    deployment: str
    config: str
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
    def valid_cells(self) -> tuple[CellSummary, ...]:
        return tuple(cell for cell in self.cells if cell.valid)

    @property
    def valid(self) -> bool:
        return any(cell.valid for cell in self.cells)

    @property
    def samples(self) -> tuple[Sample, ...]:
        return tuple(cell.sample for cell in self.valid_cells)

    @property
    def name(self) -> str:
        return f"{self.deployment}/{self.config}/c{self.load.label:0>2}"


def summarise_cell(parts: Sequence[Part]) -> CellSummary:
    """A cell's figures from the raw records of all its parts."""
    cell = merged_cell(parts)
    window = cell.window
    source = " + ".join(part.source for part in parts)
    every = [r for part in parts for r in part.data.requests]
    requests = measured(every, window)
    kind = workload(cell.workload)
    sample, figures = figures_in(kind, window, requests, every, key=(source, cell.repeat), name=cell.name)
    return CellSummary(
        source=source,
        cell=cell,
        parts=tuple(parts),
        counted=tuple(requests),
        sample=sample,
        figures=figures,
    )


def _level(cells: Sequence[CellSummary]) -> Level:
    first = cells[0].cell
    shown = [c for c in cells if c.valid] or list(cells)
    samples = [c.sample for c in shown]
    load = Load.of(first)
    throughput, draws = throughput_of(samples, f"{first.deployment}/{first.config}/c{load.label}")
    counted = [r for c in shown for r in c.counted]
    return Level(
        deployment=first.deployment,
        config=first.config,
        load=load,
        cells=tuple(cells),
        figures=figures_of(cells[0].workload, counted, samples, throughput),
        throughput_draws=draws if any(c.valid for c in cells) else np.empty(0),
    )


def ordered(names: Iterable[str], known: Sequence[str]) -> list[str]:
    """``known`` names first, in their order; then the others by alphabet."""
    return sorted(set(names), key=lambda n: (known.index(n) if n in known else len(known), n))


def source_names(runs: Sequence[Run]) -> list[str]:
    """A name for each run: its folder's, with a number where two are alike."""
    names = [run.path.resolve().name for run in runs]
    return [n if names.count(n) == 1 else f"{n}#{names[:i].count(n) + 1}" for i, n in enumerate(names)]


def _planned(runs: Sequence[Run]) -> list[str]:
    """The deployments' labels in the order of the runs' plans."""
    plans = [plan for run in runs if isinstance(plan := run.meta.get("plan"), dict)]
    lists = [targets for plan in plans if isinstance(targets := plan.get("targets"), list)]
    targets = [target for targets in lists for target in targets]
    return [str(t["label"]) for t in targets if isinstance(t, dict) and "label" in t]


def summarise(runs: Sequence[Run]) -> tuple[Level, ...]:
    """Every level of all the runs, by deployment, configuration, load, workload: raw values, parts added
    (``simultaneous``), repeats pooled."""
    parts = [
        Part(source=name, data=data)
        for run, name in zip(runs, source_names(runs), strict=True)
        for data in run.cells
    ]
    cells = [summarise_cell(group) for group in simultaneous(parts)]
    groups: dict[tuple[str, str, Load, str], list[CellSummary]] = {}
    for cell in sorted(cells, key=lambda c: (c.source, c.cell.repeat)):
        one = cell.cell
        groups.setdefault((one.deployment, one.config, Load.of(one), one.workload), []).append(cell)
    deployments = ordered((key[0] for key in groups), [*_planned(runs), *DEPLOYMENT_ORDER])
    configs = ordered((key[1] for key in groups), CONFIG_ORDER)
    keys = sorted(groups, key=lambda k: (deployments.index(k[0]), configs.index(k[1]), *k[2:]))
    return tuple(_level(groups[key]) for key in keys)
