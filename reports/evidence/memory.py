"""How a service fared with its memory in its cells, from their first sample to their last."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass

from records.errors import RecordError
from records.evidence.counted import machine_of
from records.evidence.machine import Machine, machine_over
from records.evidence.samples import samples_in
from reports.figures.summary import CellSummary


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The worst of the cells; None: the samples do not say."""

    pressure: float | None
    """Share of the time in which something waited for memory,"""
    own: bool
    """in the service's own group, and not somewhere on the machine."""
    kills: int
    limit_hits: int
    used_mb: float | None
    limit_mb: float | None

    @property
    def full(self) -> float | None:
        """The share of its limit that it had at most."""
        return self.used_mb / self.limit_mb if self.used_mb is not None and self.limit_mb else None


def memory_of(cells: Sequence[CellSummary]) -> Memory | None:
    """None without a profile."""
    found = [machine for cell in cells if (machine := _whole(cell)) is not None]
    if not found:
        return None
    return Memory(
        pressure=max((one.memory_pressure for one in found if one.memory_pressure is not None), default=None),
        own=any(one.pressure_of == "cgroup" for one in found),
        kills=sum(one.oom_kills or 0 for one in found),
        limit_hits=sum(one.memory_limit_hits or 0 for one in found),
        used_mb=max((one.memory_max_mb for one in found if one.memory_max_mb is not None), default=None),
        limit_mb=min((one.memory_limit_mb for one in found if one.memory_limit_mb is not None), default=None),
    )


def _whole(cell: CellSummary) -> Machine | None:
    """Beyond its window, too: what is killed for want of memory may never have one."""
    for part in cell.parts:
        with suppress(RecordError, OSError):
            if (machine := machine_over(samples_in(part.data.path))) is not None:
                return machine
    return None if cell.limits is None else machine_of(cell.limits)
