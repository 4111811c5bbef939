"""One reason to read figures with care."""

from __future__ import annotations

from dataclasses import dataclass

from reports.analysis.analysis import Analysis
from reports.figures.summary import CellSummary


@dataclass(frozen=True, kw_only=True)
class Caution:
    """A reason to read figures with care: all of it, and in brief."""

    sentences: tuple[str, ...]
    brief: str


def named(cell: CellSummary, analysis: Analysis) -> str:
    """The cell, with its directory's name where there are several."""
    source = f"{cell.source}/" if len(analysis.sources) > 1 else ""
    return f"{source}{cell.cell.name}"
