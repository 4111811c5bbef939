"""What a shape knows of the load that it is on, and what it may do to it. No locust."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from loadgen.engine.driver import Driver
from loadgen.shapes.level_log import LevelLog
from records.cells.cell import Cell
from workloads.workload import Workload


class LoadControl(Protocol):
    """The load of one process."""

    level_log: LevelLog
    """Of the load that runs, or is about to."""
    shape_options: Callable[[], dict[str, Any]]
    """The shape's own options, as it uses them; they are kept with what was asked for."""

    @property
    def driver(self) -> Driver | None:
        """Who asks in this process; None on a master, and while there is no run."""

    @property
    def workload(self) -> Workload:
        """By which its requests are measured, as its options are now. Raises UsageError."""

    @property
    def interrupted(self) -> bool:
        """Somebody wants the run to end."""

    def stopped_early(self) -> None:
        """The load stops before its shape has ended: it is taken for interrupted, unless it is for want of
        workers."""

    @property
    def levels_held(self) -> tuple[Cell, Path, str] | None:
        """Of a load that is over and kept: its cell, where that is, and its levels as a table."""
