"""The figures of each configuration, level by level."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.figures.compare import by_workload, configs_of, deployments_of
from reports.figures.load import heads
from reports.figures.summary import OperatingPoint
from reports.notes.footnotes import (
    absent_note,
    answer_notes,
    bare_note,
    failure_note,
    little_note,
    trait_notes,
)
from reports.notes.not_valid import VALID, VALID_NOTE, no_valid_cell, valid_of
from reports.tables import columns
from reports.tables.side_by_side import original_table
from reports.words.fixes import settings_of


def configuration_tables(analysis: Analysis, above: Sequence[str] = ()) -> Iterator[Table]:
    """``above``: the report's first lines, of which nothing is said again."""
    deployments = deployments_of(analysis.levels)
    tried = {fix.tried.variant: f" ({settings_of(fix)})" for fix in analysis.fixes}
    for config, group in product(configs_of(analysis.levels), by_workload(analysis.levels)):
        both = [
            name for name in deployments if any((lv.deployment, lv.config) == (name, config) for lv in group)
        ]
        if len(both) > 1 and both[0] == deployments[0]:
            for second in both[1:]:
                yield original_table(analysis, config, group[0].workload, second, above)
            continue
        for deployment in deployments:
            own = [lv for lv in group if (lv.deployment, lv.config) == (deployment, config)]
            if own:
                yield _table(own, tried.get(own[0].row.variant, ""), above)


def _level_row(level: OperatingPoint, first: Sequence[str], side: Sequence[str], *, believed: bool) -> Row:
    f = level.figures
    main, others = columns.main_cells(f, valid=level.valid), columns.cells(f, side)
    last = (str(f.failures), *([] if believed else [valid_of(level)]))
    return Row(cells=(*level.load.cells(first), *main, *others, *last), invalid=not level.valid)


def _table(levels: list[OperatingPoint], settings: str, above: Sequence[str]) -> Table:
    """One deployment's one configuration, of one workload; ``settings``: of a fix, what it is."""
    workload, figures = levels[0].workload, [level.figures for level in levels]
    side = columns.shown(figures, workload.side)
    first, others = heads(level.load for level in levels), columns.heads(workload, side)
    notes = [
        note for level in levels if level.valid for note in failure_note(level.figures, level.load.named)
    ]
    notes += [*trait_notes(figures), *answer_notes(levels)]
    notes += absent_note(figures, (*workload.main, *side))
    placed = [(level.figures, f"at {level.load.named}") for level in levels if level.valid]
    notes += [*bare_note(placed), *little_note(placed, side)]
    believed = all(level.valid for level in levels)
    if not believed:
        notes[:0] = [VALID_NOTE, *no_valid_cell(levels, above)]
    return Table(
        title=f"{levels[0].deployment}: {levels[0].config}{settings}",
        columns=(*first, *columns.main_heads(workload), *others, "Fail", *([] if believed else [VALID])),
        rows=tuple(_level_row(level, first, side, believed=believed) for level in levels),
        notes=tuple(notes),
        optional=others,
        keys=len(first),
        unstruck=(VALID,),
    )
