"""Notes on records that are in no figure, as they are not believed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from records.cells.believed import LeftOut
from reports.analysis.analysis import Analysis
from reports.analysis.note import Note


@dataclass(frozen=True, kw_only=True)
class ImpossibleTimes(Note):
    """So many records say what cannot be: a token before its request, an end years later, -3 tokens."""

    code = "impossible-times"
    cells: tuple[str, ...]
    records: int


@dataclass(frozen=True, kw_only=True)
class Repeated(Note):
    """So many records are of requests that have one already, which counts once."""

    code = "repeated-records"
    cells: tuple[str, ...]
    records: int


def impossible_times(analysis: Analysis) -> Iterator[Note]:
    if found := _left_out(analysis, lambda one: one.impossible):
        yield ImpossibleTimes(cells=tuple(found), records=sum(found.values()))


def repeated(analysis: Analysis) -> Iterator[Note]:
    if found := _left_out(analysis, lambda one: one.repeated):
        yield Repeated(cells=tuple(found), records=sum(found.values()))


def _left_out(analysis: Analysis, count: Callable[[LeftOut], int]) -> dict[str, int]:
    """How many of each cell that has some."""
    counts = {
        analysis.named(cell): sum(count(part.data.left_out) for part in cell.parts) for cell in analysis.cells
    }
    return {name: records for name, records in counts.items() if records}
