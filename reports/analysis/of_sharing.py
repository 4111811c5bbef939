"""Notes on what the load itself took of the CPUs that it shared with the service."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import inf
from typing import Any

from records.cells.cpus import CpuDivision
from records.options.hosts import is_here
from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.evidence.machine import THROTTLED
from reports.figures.summary import CellSummary

MATTERS = 0.05
"""Of what the service has: more than that moves a figure by more than chance does."""
WAITED_FOR = 30.0
"""Per cent of the time in which something waited for a CPU: full, as far as nobody watched the service."""


@dataclass(frozen=True, kw_only=True)
class LoadTook(Note):
    """The load ran on CPUs that the service may use, too, and lacked."""

    code = "load-took"
    cell: str
    cores: float
    """Processor time of all its processes here, as cores."""
    of: int
    """How many cores both could take."""
    more: float | None
    """How much more the service might do with what it waited for and the load took, at most: of what it did;
    None: nobody watched it, and it may run behind a tunnel."""
    waited_percent: float | None
    """Of the time, in which something on this machine waited for a CPU; None: not measured."""

    @property
    def weight(self) -> float:
        return self.cores / self.of if self.more is None else self.more


def load_took(analysis: Analysis) -> Iterator[Note]:
    """Worst first. Of a load with several machines nobody knows which of them the service shares."""
    found = [
        one
        for cell in analysis.cells
        if cell.valid and len(cell.parts) == 1 and (one := _of(cell, analysis.named(cell))) is not None
    ]
    yield from sorted((one for one in found if one.weight >= MATTERS), key=lambda one: -one.weight)


def _of(cell: CellSummary, name: str) -> LoadTook | None:
    achieved = cell.parts[0].data.cell.achieved
    cores = sum(_numbers(achieved.get("load_workers"), "cpu_percent")) / 100
    of = _shared(cell.cell.division)
    waited = next(_numbers([achieved.get("noise")], "pressure_percent"), None)
    if not of or not cores:
        return None
    more = None
    if (machine := cell.machine) is not None:
        if machine.machine_cpus is None or (machine.cpus_allowed or of) < of:
            return None  # it runs elsewhere, or the load has CPUs of its own, too
        if not machine.cpu_cores or machine.run_delay is None or machine.run_delay >= 1.0:
            return None
        if (machine.throttled_periods or 0.0) >= THROTTLED:
            return None  # its quota stops it, whoever else there is
        lacked = machine.cpu_cores * machine.run_delay / (1.0 - machine.run_delay)
        allowed = (machine.cpu_limit_cores or inf) - machine.cpu_cores
        more = max(0.0, min(cores, lacked, allowed)) / machine.cpu_cores
    elif not is_here(str(cell.cell.requested.get("host", ""))) or (waited or 0.0) < WAITED_FOR:
        return None
    return LoadTook(cell=name, cores=cores, of=of, more=more, waited_percent=waited)


def _shared(cpus: CpuDivision) -> int:
    """How many CPUs the load has, where the service may use all of them; else 0: who takes less of those that
    they share is not known."""
    return len(cpus.load) if cpus.target is None or {*cpus.load} <= {*cpus.target} else 0


def _numbers(found: Any, name: str) -> Iterator[float]:
    for one in found if isinstance(found, list) else ():
        if isinstance(one, dict) and isinstance(value := one.get(name), int | float):
            yield value
