"""Notes on the loads: what else a service had at the time, and what a number of users does not say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from statistics import median

from records.cells.flags import COLD
from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.columns.requests import Requests
from reports.figures.load import Load
from reports.figures.measured import values_of
from reports.figures.pooling.alike import same_service
from reports.figures.pooling.concurrent_cells import levels_apart
from reports.figures.summary import CellSummary
from workloads.workload import Workload

CONNECT_SHARE = 0.10
"""Of the compared latency: what connecting may take before it is told."""


@dataclass(frozen=True, kw_only=True)
class Overlapping(Note):
    """Two loads that one service had at the same time, each reported as if it were alone."""

    code = "overlapping"
    cells: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Beside(Note):
    """Two loads of one name at the same time, each of a service of its own: nothing to add up."""

    code = "beside"
    cells: tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Connecting(Note):
    """What connecting took, a request on average: no latency of a closed loop has it."""

    code = "connecting"
    cell: str
    ms: float


@dataclass(frozen=True, kw_only=True)
class AddedUp(Note):
    """A cell of several masters, over the time they share."""

    code = "added-up"
    cell: str
    sources: tuple[str, ...]
    load: Load


@dataclass(frozen=True, kw_only=True)
class LevelsApart(Note):
    """A cell whose masters did not go through a shape's levels side by side: they are in no table."""

    code = "levels-apart"
    cell: str
    sources: tuple[str, ...]
    shape: str


@dataclass(frozen=True, kw_only=True)
class ShapedLoad(Note):
    """A shape changed the load: a number of users does not describe it."""

    code = "shaped-load"
    cell: str
    shape: str


@dataclass(frozen=True, kw_only=True)
class OpenLoop(Note):
    """Its number of users says nothing."""

    code = "open-loop"
    cell: str
    rate: float
    arrival: str


@dataclass(frozen=True, kw_only=True)
class Cold(Note):
    """What the very first requests of one row's loads took: they are in no other figure."""

    code = "cold"
    deployment: str
    config: str
    workload: Workload
    requests: int
    median: float
    """Of the compared metric."""
    worst: float


def overlapping(analysis: Analysis) -> Iterator[Note]:
    """Pairs of valid cells of one deployment that overlap in time without being one measurement: those of one
    service first."""
    pairs = list(_overlapping(analysis))
    for kind in (Overlapping, Beside):
        for one, other in pairs:
            if same_service(one.cell, other.cell) == (kind is Overlapping):
                yield kind(cells=(analysis.named(one), analysis.named(other)))


def _overlapping(analysis: Analysis) -> Iterator[tuple[CellSummary, CellSummary]]:
    timed = [(c.window.start_ns, c.window.end_ns, c) for c in analysis.cells if c.valid and c.window]
    timed.sort(key=lambda entry: entry[:2])
    for (_, end_ns, one), (start_ns, _, other) in combinations(timed, 2):
        if start_ns < end_ns and one.cell.deployment == other.cell.deployment:
            yield one, other


def connecting(analysis: Analysis) -> Iterator[Note]:
    """Waiting for a connection ends before a request is sent. The longest first."""
    found = []
    for cell in analysis.cells:
        parts, latency = [part.data for part in cell.parts], cell.figures.median
        counts = [data.cell.achieved for data in parts]
        # An open loop's latency counts from when the request was due, so it has it.
        if cell.cell.requested.get("rate") or latency is None or not all(c.get("connect_ms") for c in counts):
            continue
        ms = sum(c.get("connects", 0) * c["connect_ms"] for c in counts) / sum(len(d.requests) for d in parts)
        if cell.workload.compared.unit == "ms" and ms > CONNECT_SHARE * latency.value:
            found.append(Connecting(cell=cell.cell.name, ms=ms))
    yield from sorted(found, key=lambda note: (note.ms, note.cell), reverse=True)


def added_up(analysis: Analysis) -> Iterator[Note]:
    for cell in analysis.merged:
        name, sources = cell.parts[0].data.cell.name, tuple(part.source for part in cell.parts)
        yield AddedUp(cell=name, sources=sources, load=Load.of(cell.cell))
        if levels_apart(cell.parts):
            yield LevelsApart(cell=name, sources=sources, shape=str(cell.cell.requested.get("shape")))


def no_users(analysis: Analysis) -> Iterator[Note]:
    """Loads that a number of users does not describe."""
    for cell in analysis.cells:
        wanted, name = cell.cell.requested, analysis.named(cell)
        if wanted.get("shape"):
            yield ShapedLoad(cell=name, shape=str(wanted["shape"]))
        elif rate := Load.of(cell.cell).rate:
            yield OpenLoop(cell=name, rate=rate, arrival=str(wanted.get("arrival")))


def cold(analysis: Analysis) -> Iterator[Note]:
    found: dict[tuple[str, str, str], list[float]] = {}
    workloads = {level.workload.name: level.workload for level in analysis.levels}
    for level in analysis.levels:
        every = Requests.joined([cell.every for cell in level.cells])
        first = every.timed.that(lambda one: COLD in one.flags)
        if values := values_of(level.workload.compared, first).floats.tolist():
            found.setdefault((level.deployment, level.config, level.workload.name), []).extend(values)
    for (deployment, config, name), values in found.items():
        yield Cold(
            deployment=deployment,
            config=config,
            workload=workloads[name],
            requests=len(values),
            median=median(values),
            worst=min(values) if workloads[name].compared.higher_is_better else max(values),
        )
