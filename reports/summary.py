"""From raw records to figures: a cell's, and a level's (the valid cells of one load, pooled)."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from records.cell import Cell, Check, Window
from records.measure import ended_inside, measured, wanted_answers
from records.reader import Run
from records.request import RequestRecord
from records.served import MOCKS_OF_CONFIG
from reports import stats
from reports.load import Load
from reports.masters import Part, merged_cell, simultaneous
from reports.stats import Estimate, Floats, Sample

CONFIG_ORDER = tuple(MOCKS_OF_CONFIG)
DEPLOYMENT_ORDER = ("local", "pod", "k8s")


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a cell or a level measured. Latencies in ms; None where there were too few answers."""

    requests: int
    """Requests sent inside the window, failed ones too."""
    failures: int
    seconds: float
    answers: int
    """Good answers that ended inside the window."""
    rps: Estimate | None
    ttft_p50: Estimate | None
    ttft_p95: Estimate | None
    ttft_p99: Estimate | None
    ttft_p95_with_failures: float | None
    """p95 with every failure as +inf."""
    ttft_p99_with_failures: float | None
    e2e_p50: Estimate | None
    e2e_p95: Estimate | None
    tpot_p50: Estimate | None
    itl_p50: Estimate | None
    itl_p99: Estimate | None
    headers_p50: Estimate | None
    first_event_p50: Estimate | None
    documents: float | None
    """Documents found, mean a good answer."""


@dataclass(frozen=True, kw_only=True, eq=False)
class CellSummary:
    """A cell with what follows from its records alone; of several parts where several masters made it."""

    source: str
    cell: Cell
    parts: tuple[Part, ...]
    good: tuple[RequestRecord, ...]
    """Good answers among the measured requests."""
    counted: int
    sample: Sample
    figures: Figures

    @property
    def valid(self) -> bool:
        return self.cell.verdict.valid and self.window is not None

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
    rps_draws: Floats = field(repr=False)
    """The bootstrap's draws of RPS, stretched; empty where no cell is valid."""

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


def generator(name: str) -> np.random.Generator:
    """The same random numbers for the same name, in every run of the report."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def _since_start(good: Iterable[RequestRecord], moment: Callable[[RequestRecord], int | None]) -> list[float]:
    """Milliseconds from each request's start to ``moment``, where it happened."""
    return [(at - r.start_ns) / 1e6 for r in good if (at := moment(r)) is not None]


def _figures(
    good: Sequence[RequestRecord], counted: int, samples: Sequence[Sample], rps: Estimate | None
) -> Figures:
    ttft = [ms for r in good if (ms := r.ttft_ms) is not None]
    failed = counted - len(good)
    with_failures = ttft + [float("inf")] * failed
    e2e = [r.e2e_ms for r in good]
    # The mock LLM's answer is written at once: it has no time between tokens, not one of 0 ms.
    streamed = [r for r in good if "mock-answer" not in r.flags]
    gaps = [gap / 1000 for r in streamed for gap in r.gaps_us]
    found = [r.documents for r in good if r.documents is not None]

    def infinite(q: float) -> float | None:
        wanted = wanted_answers(q)
        return stats.percentile(with_failures, q) if len(with_failures) >= wanted else None

    at = stats.percentile_estimate
    return Figures(
        requests=counted,
        failures=failed,
        seconds=sum(s.seconds for s in samples),
        answers=sum(len(s.ended_bins) for s in samples),
        rps=rps,
        ttft_p50=at(ttft, 0.5),
        ttft_p95=at(ttft, 0.95),
        ttft_p99=at(ttft, 0.99),
        ttft_p95_with_failures=infinite(0.95),
        ttft_p99_with_failures=infinite(0.99),
        e2e_p50=at(e2e, 0.5),
        e2e_p95=at(e2e, 0.95),
        tpot_p50=at([ms for r in streamed if (ms := r.tpot_ms) is not None], 0.5),
        itl_p50=at(gaps, 0.5),
        itl_p99=at(gaps, 0.99),
        headers_p50=at(_since_start(good, lambda r: r.headers_at_ns), 0.5),
        first_event_p50=at(_since_start(good, lambda r: r.first_event_at_ns), 0.5),
        documents=sum(found) / len(found) if found else None,
    )


def _rps(samples: Sequence[Sample], name: str) -> tuple[Estimate | None, Floats]:
    """RPS with its interval, and the stretched draws that it came from."""
    if not sum(s.seconds for s in samples) > 0:
        return None, np.empty(0)
    value, repeats = stats.rate(samples), stats.repeats_of(samples)
    draws = stats.rate_draws(samples, stats.weights_of(samples, generator(name)))
    return stats.interval(draws, value, repeats), stats.spread(draws, value, repeats)


def figures_in(
    window: Window | None,
    counted: Sequence[RequestRecord],
    every: Sequence[RequestRecord],
    *,
    key: Hashable,
    name: str,
) -> tuple[Sample, Figures]:
    """What one load measured in a time: latencies of ``counted``, RPS of those of ``every`` that ended in it.
    ``name``: of its random numbers."""
    start, end, seconds = (window.start_ns, window.end_ns, window.seconds) if window else (0, 0, 0.0)
    good = [r for r in counted if r.outcome == "ok"]
    with_ttft = [r for r in good if r.ttft_ms is not None]
    sample = Sample(
        key=key,
        seconds=max(0.0, seconds),
        ended_bins=stats.bins_of([r.ended_at_ns for r in ended_inside(every, window)], start, end),
        values=np.asarray([r.ttft_ms for r in with_ttft], dtype=np.float64),
        value_bins=stats.bins_of([r.sent_at_ns for r in with_ttft], start, end),
    )
    rps, _ = _rps([sample], name)
    return sample, _figures(good, len(counted), [sample], rps)


def summarise_cell(parts: Sequence[Part]) -> CellSummary:
    """A cell's figures from the raw records of all its parts."""
    cell = merged_cell(parts)
    window = cell.window
    source = " + ".join(part.source for part in parts)
    every = [r for part in parts for r in part.data.requests]
    requests = measured(every, window)
    sample, figures = figures_in(window, requests, every, key=(source, cell.repeat), name=cell.name)
    good = tuple(r for r in requests if r.outcome == "ok")
    return CellSummary(
        source=source,
        cell=cell,
        parts=tuple(parts),
        good=good,
        counted=len(requests),
        sample=sample,
        figures=figures,
    )


def _level(cells: Sequence[CellSummary]) -> Level:
    first = cells[0].cell
    shown = [c for c in cells if c.valid] or list(cells)
    samples = [c.sample for c in shown]
    load = Load.of(first)
    rps, draws = _rps(samples, f"{first.deployment}/{first.config}/c{load.label}")
    good = [r for c in shown for r in c.good]
    return Level(
        deployment=first.deployment,
        config=first.config,
        load=load,
        cells=tuple(cells),
        figures=_figures(good, sum(c.counted for c in shown), samples, rps),
        rps_draws=draws if any(c.valid for c in cells) else np.empty(0),
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
    """Every level of all the runs, by deployment, configuration, load: raw values, parts added
    (``simultaneous``), repeats pooled."""
    parts = [
        Part(source=name, data=data)
        for run, name in zip(runs, source_names(runs), strict=True)
        for data in run.cells
    ]
    cells = [summarise_cell(group) for group in simultaneous(parts)]
    groups: dict[tuple[str, str, Load], list[CellSummary]] = {}
    for cell in sorted(cells, key=lambda c: (c.source, c.cell.repeat)):
        groups.setdefault((cell.cell.deployment, cell.cell.config, Load.of(cell.cell)), []).append(cell)
    deployments = ordered((key[0] for key in groups), [*_planned(runs), *DEPLOYMENT_ORDER])
    configs = ordered((key[1] for key in groups), CONFIG_ORDER)
    keys = sorted(groups, key=lambda k: (deployments.index(k[0]), configs.index(k[1]), k[2]))
    return tuple(_level(groups[key]) for key in keys)
