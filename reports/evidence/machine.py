"""What the profiler saw of the service's processes and their machine while cells were measured."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from statistics import fmean
from typing import Any

from reports.figures.summary import CellSummary


@dataclass(frozen=True, kw_only=True)
class Machine:
    """Means over the samples of the cells' time."""

    samples: int
    cpu_cores: float
    """How many cores' time the service's processes took."""
    cores: float
    """How many they may take: their CPUs, or their container's limit where that is less."""
    system_cores: float
    """How many cores' time all of the machine took."""

    @property
    def busy(self) -> float:
        """The share of what it may take that it took."""
        return self.cpu_cores / self.cores if self.cores else 0.0


def machine_of(cells: Iterable[CellSummary]) -> Machine | None:
    """None without a profile of the service's processes."""
    cells = list(cells)
    samples = [sample for cell in cells for sample in cell.profile if _followed(sample)]
    if not samples:
        return None
    count = fmean(float(_at(one, "system", "cpu_count") or 1) for one in samples)
    return Machine(
        samples=len(samples),
        cpu_cores=fmean(float(_at(one, "processes", "total_cpu_percent") or 0.0) for one in samples) / 100,
        cores=min([count, *_own(cells), *_limits(samples)]),
        system_cores=fmean(float(_at(one, "system", "cpu_percent") or 0.0) / 100 for one in samples) * count,
    )


def _followed(sample: dict[str, Any]) -> bool:
    return bool(_at(sample, "processes", "process_count"))


def _own(cells: Iterable[CellSummary]) -> Iterator[int]:
    """The number of CPUs that the sweep gave them."""
    for cell in cells:
        cpus = cell.cell.requested.get("cpus")
        given = cpus.get("target") if isinstance(cpus, dict) else None
        if isinstance(given, list) and given:
            yield len(given)


def _limits(samples: Iterable[dict[str, Any]]) -> Iterator[float]:
    for sample in samples:
        limit = _at(sample, "system", "cgroup", "cpu_limit_cores")
        if isinstance(limit, (int, float)) and limit > 0:
            yield float(limit)


def _at(sample: Any, *names: str) -> Any:
    for name in names:
        sample = sample.get(name) if isinstance(sample, dict) else None
    return sample
