"""Programs of the sweep's machine that took CPU while a cell was measured, and were none of it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class OtherProgram:
    """Neither the sweep, nor what it started, nor the service that was measured."""

    name: str
    """Redacted, and without its arguments."""
    pid: int
    cores: float
    """Of one core, on average while the cell was measured: 0.95."""

    def __str__(self) -> str:
        return f"{self.name} (pid {self.pid})"

    @classmethod
    def from_json(cls, raw: Any) -> Self:
        """Raises KeyError, TypeError or ValueError for what is none."""
        name, pid, cores = str(raw["name"]), int(raw["pid"]), float(raw["cores"])
        if not math.isfinite(cores):
            raise ValueError(f"cores is {raw['cores']!r}")
        return cls(name=name, pid=pid, cores=cores)
