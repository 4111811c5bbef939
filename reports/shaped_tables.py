"""The tables of loads with a shape: a row a level."""

from __future__ import annotations

from collections.abc import Iterator

from records.levels import lucky_note, many_cut, no_rate_note
from reports.analysis import Analysis
from reports.document import NONE, Row, Table, listed, spread, value
from reports.notes import absent_note, failure_note, late_note, thoughts_note, unsure_note
from reports.shaped import LevelFigures, ShapedCell

RULE = (
    "A request belongs to the level in which it began (an open loop: was due); RPS counts the good answers "
    "that ended in it. Cut: cut or dropped, never answered, in no other figure. "
    "A step is measured once it has settled."
)


def level_tables(analysis: Analysis) -> Iterator[Table]:
    """One for each cell that went through levels."""
    for shaped in analysis.shaped:
        yield _table(shaped, named=len(analysis.sources) > 1)


def _table(shaped: ShapedCell, *, named: bool) -> Table:
    cell = shaped.cell
    source = f"{cell.source}/" if named else ""
    slo = ("SLO",) if shaped.is_search else ()
    first = ("First p50 ms",) if _thoughts(shaped) else ()
    return Table(
        title=f"{source}{cell.cell.deployment}: {cell.cell.config}: the levels of {shaped.shape}",
        columns=(
            *("Conc" if shaped.unit == "users" else "Load", *slo, "RPS (95 %)", "TTFT p50 ms", "TTFT p95 ms"),
            *("E2E p95 ms", "Fail", "Cut", "Requests", *first, "ITL p50 ms", "ITL p99 ms", "TTFT p99 ms"),
        ),
        rows=tuple(_row(level, shaped) for level in shaped.levels),
        notes=tuple(_notes(shaped)),
        optional=("Requests", "E2E p95 ms", *first, "ITL p50 ms", "ITL p99 ms", "TTFT p99 ms"),
    )


def _row(level: LevelFigures, shaped: ShapedCell) -> Row:
    f, show = level.figures, spread if shaped.cell.valid else value
    slo = (level.held.status or NONE,) if shaped.is_search else ()
    return Row(
        cells=(
            *(level.held.label(shaped.unit), *slo, show(f.rps), show(f.ttft_p50), show(f.ttft_p95)),
            *(value(f.e2e_p95), str(f.failures), str(level.cut), str(f.requests)),
            *((value(f.first_generated_p50),) if _thoughts(shaped) else ()),
            *(value(f.itl_p50), value(f.itl_p99), value(f.ttft_p99)),
        ),
        struck=not shaped.cell.valid,
    )


def _thoughts(shaped: ShapedCell) -> list[str]:
    return thoughts_note(level.figures for level in shaped.levels)


def _notes(shaped: ShapedCell) -> Iterator[str]:
    if shaped.sentence:
        yield f"{shaped.sentence}."
    yield RULE
    for level in shaped.levels:
        yield from failure_note(level.figures, level.held.label(shaped.unit))
    placed = [(level.figures, f"at {level.held.label(shaped.unit)}") for level in shaped.levels]
    yield from (*late_note(placed), *unsure_note(placed))
    yield from _thoughts(shaped)
    yield from absent_note(
        [level.figures for level in shaped.levels if level.held.seconds],
        ("ttft_p95", "e2e_p95", "itl_p99", "ttft_p99"),
    )
    rateless = [
        level.held.label(shaped.unit)
        for level in shaped.levels
        if level.held.seconds and level.figures.rps is None
    ]
    if rateless:
        yield no_rate_note(rateless)
    lucky = [
        level.held.label(shaped.unit)
        for level in shaped.levels
        if many_cut(level.cut, level.figures.requests)
    ]
    if lucky:
        yield lucky_note(lucky)
    unmeasured = [level.held.label(shaped.unit) for level in shaped.levels if not level.held.seconds]
    if unmeasured:
        yield f"Not measured at {listed(unmeasured)}: the load was still warming up, or had ended."
    if not shaped.cell.valid:
        yield "Struck out: the cell is invalid; see the verdict."
