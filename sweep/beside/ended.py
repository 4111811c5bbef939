"""Processes of ours that ended in a cell's time, before they were told to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol

from records.cells.cell import Cell, Check
from sweep.running.processes import Child
from workloads.checks.run import WATCHERS, helpers, watchers


class HowEnded(Protocol):
    """Something that may have ended."""

    def how_ended(self) -> str | None:
        """None while it runs."""
        ...


@dataclass(frozen=True, kw_only=True)
class Ended:
    """In words, by what that does to the cell."""

    helpers: list[str] = field(default_factory=list)
    """What the load needs: what was measured without one is none of the service's,"""
    watchers: list[str] = field(default_factory=list)
    """and what looks on: a cell is none the worse, and less is known of it."""

    def helper(self, name: str, child: HowEnded) -> None:
        if how := child.how_ended():
            self.helpers.append(f"{name} {how}")

    def watcher(self, name: str, child: Child) -> None:
        """One that ended by itself says why in its log."""
        if child.was_killed() and (how := child.how_ended()):
            self.watchers.append(f"{name} {how}")

    def checks(self) -> tuple[Check, ...]:
        """What follows for the cell; none where all were there."""
        return (*helpers(self.helpers), *watchers(self.watchers))


def gone(cell: Cell) -> list[str]:
    """What is said of a cell's watchers that ended; of helpers its verdict says it."""
    return [check.text for check in cell.verdict.checks if check.name == WATCHERS]
