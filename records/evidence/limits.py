"""limits.json: what a target was allowed while its cell was measured, what of that it used, what it saw."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from records.cells.layout import LIMITS
from records.evidence.value_file import value_in
from records.files import write_json


@dataclass(frozen=True, kw_only=True)
class CellLimits:
    """None: there is none, or nobody says."""

    by: str | None = None
    """What kept it: ``cgroup v1``, ``cgroup v2``, ``systemd-run --scope``, ``kubernetes``; None: nothing."""
    cpu_limit_cores: Annotated[float | None, Field(gt=0)] = None
    cpu_period_us: Annotated[int | None, Field(gt=0)] = None
    cpu_request_cores: float | None = None
    memory_limit_bytes: int | None = None
    nr_periods: int | None = None
    """In this cell's time, from the start of its load to its end, as are the next three."""
    nr_throttled: int | None = None
    throttled_seconds: float | None = None
    cpu_seconds: float | None = None
    memory_peak_bytes: int | None = None
    """The most since the target was started."""
    oom_kills: int | None = None
    """In this cell's time."""
    seconds: float | None = None
    """From the first request of the load to its last answer, where no profiler says over which time the CPU
    was used."""
    replicas: int = 1
    """Whose counters these are, in sum; limits and requests are of each."""
    sees: Mapping[str, int] = field(default_factory=dict)
    """What the app counts, and how it sized its pools by that: ``cpu_count``, ``cpus_allowed``,
    ``default_executor_threads``, ``torch_threads``."""

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    def write(self, folder: Path) -> None:
        write_json(folder / LIMITS, self.to_json())

    @classmethod
    def read(cls, folder: Path) -> CellLimits | None:
        """None where it was not kept. Raises RecordError for what is none."""
        return value_in(folder / LIMITS, cls, "says no limits")
