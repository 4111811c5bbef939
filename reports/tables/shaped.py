"""The tables of loads with a shape: a row a level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from records.cells.levels import many_aborted, no_rate_note, survivorship_note
from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.figures.shaped import ShapedCell, StageFigures
from reports.figures.text import NONE, listed
from reports.notes.footnotes import (
    absent_note,
    failure_note,
    late_note,
    little_note,
    trait_notes,
    unsure_note,
)
from reports.notes.not_valid import DO_NOT_HOLD, why_not
from reports.tables import columns

RULE = (
    "A request belongs to the level in which it began (an open loop: was due); {} counts the good answers "
    "that ended in it. Aborted: aborted or dropped, never answered, in no other figure. "
    "A step is measured once it has settled."
)
"""With the throughput's title."""


def level_tables(analysis: Analysis, above: Sequence[str] = ()) -> Iterator[Table]:
    """One for each cell that went through levels. ``above``: the report's first lines."""
    for shaped in analysis.shaped:
        yield _table(shaped, above, named=len(analysis.sources) > 1)


def _table(shaped: ShapedCell, above: Sequence[str], *, named: bool) -> Table:
    cell = shaped.cell
    source = f"{cell.source}/" if named else ""
    slo, kind = ("SLO",) if shaped.is_search else (), cell.workload
    throughput, *main = columns.main_heads(kind)
    first, last = (columns.heads(kind, keys) for keys in _sides(shaped))
    return Table(
        title=f"{source}{cell.cell.deployment}: {cell.cell.config}: the levels of {shaped.shape}",
        columns=(
            *("Conc" if shaped.unit == "users" else "Load", *slo, throughput, *main),
            *(*first, "Fail", "Aborted", "Requests", *last),
        ),
        rows=tuple(_row(level, shaped) for level in shaped.levels),
        notes=tuple(_notes(shaped, above)),
        optional=("Requests", *first, *last),
    )


def _row(level: StageFigures, shaped: ShapedCell) -> Row:
    f, (first, last) = level.figures, _sides(shaped)
    slo = (level.held.status or NONE,) if shaped.is_search else ()
    return Row(
        cells=(
            *(level.held.label(shaped.unit), *slo, *columns.main_cells(f, valid=shaped.cell.valid)),
            *(*columns.cells(f, first), str(f.failures), str(level.aborted), str(f.requests)),
            *columns.cells(f, last),
        ),
        invalid=not shaped.cell.valid,
    )


def _sides(shaped: ShapedCell) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The keys of the values before its counts, and behind them."""
    every, kind = [level.figures for level in shaped.levels], shaped.cell.workload
    return columns.shown(every, kind.columns.of_levels), columns.shown(every, kind.of_levels_last)


def _notes(shaped: ShapedCell, above: Sequence[str]) -> Iterator[str]:
    if shaped.sentence:
        yield f"{shaped.sentence}."
    yield RULE.format(shaped.cell.workload.throughput.title)
    for level in shaped.levels:
        yield from failure_note(level.figures, level.held.label(shaped.unit))
    placed = [(level.figures, f"at {level.held.label(shaped.unit)}") for level in shaped.levels]
    yield from (*late_note(placed), *unsure_note(placed))
    yield from trait_notes(level.figures for level in shaped.levels)
    first, last = _sides(shaped)
    yield from little_note(placed, (*first, *last))
    yield from absent_note(
        [level.figures for level in shaped.levels if level.held.seconds],
        (*shaped.cell.workload.main, *first, *last),
    )
    rateless = [
        level.held.label(shaped.unit)
        for level in shaped.levels
        if level.held.seconds and level.figures.throughput is None
    ]
    if rateless:
        yield no_rate_note(rateless, shaped.cell.workload.throughput.title)
    survivors = [
        level.held.label(shaped.unit)
        for level in shaped.levels
        if many_aborted(level.aborted, level.figures.requests)
    ]
    if survivors:
        yield survivorship_note(survivors)
    unmeasured = [level.held.label(shaped.unit) for level in shaped.levels if not level.held.seconds]
    if unmeasured:
        yield f"Not measured at {listed(unmeasured)}: the load was still warming up, or had ended."
    if not shaped.cell.valid:
        yield f"The cell is invalid, so its figures {DO_NOT_HOLD}: {why_not([shaped.cell], above)}."
