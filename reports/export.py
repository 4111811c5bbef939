"""The derived files: ``systematic_results.json`` (documented in `reports.as_json.results`), ``summary.csv``,
``report.md``, and ``levels.csv`` of loads with a shape."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from records.cells import layout
from records.files import replace_file, write_json
from reports.analysis.analysis import Analysis
from reports.as_json.results import UNSURE, figures_json, results_json, shaped_json
from reports.blocks import blocks
from reports.document.render import markdown
from reports.figures.load import Load
from reports.figures.text import NONE
from workloads.stream import STREAM
from workloads.workload import Workload

NAMES = ("deployment", "config", "concurrency", "repeat")
LEVEL_NAMES = (
    *("source", "cell", "shape", "valid", "level_unit", "level_from", "level_to", "start_ns", "end_ns"),
    *("status", "aborted"),
)


def figure_columns(workloads: Sequence[Workload]) -> tuple[str, ...]:
    """Columns of both tables, by their names in the JSON: what any of the workloads has."""
    throughput = [workload.throughput.name for workload in workloads]
    figures = [column for workload in workloads for column in workload.figure_columns]
    of_some = [column for workload in workloads for column in workload.trait_columns]
    every = dict.fromkeys([*throughput, *figures])
    unsure = UNSURE if STREAM in workloads else ()
    return ("requests", "failures", *every, "seconds", *dict.fromkeys(of_some), *unsure)


def _of_which(workloads: Sequence[Workload]) -> tuple[str, ...]:
    """A column that tells them apart, where not all are streams."""
    return ("workload",) if {workload.name for workload in workloads} - {STREAM.name} else ()


def _place(value: Any) -> str:
    """A CSV field: ``-`` for too few answers, ``inf`` for endless, at most three decimals."""
    if value is None:
        return NONE
    if isinstance(value, dict):
        return _place(value["value"])
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.3f}"
    return str(value)


def summary_csv(analysis: Analysis) -> str:
    """A row a cell, invalid ones too; times in ms, ``-`` where there were too few answers. ``concurrency``:
    always locust's users, a whole number; ``load`` tells whether they were what was asked of the service. A
    column more for each other factor, last."""
    last = ("source", "failed_checks", "load", "late", *_of_which(analysis.workloads))
    columns = (*NAMES, "valid", *figure_columns(analysis.workloads), *last)
    rows, factors = [], _factors(analysis, columns)
    for summary in analysis.cells:
        row = {
            **figures_json(summary.figures),
            **{name: getattr(summary.cell, name) for name in (*NAMES, "workload")},
            "load": Load.of(summary.cell).label,
            "valid": summary.valid,
            "source": summary.source,
            "failed_checks": " ".join(check.name for check in summary.failed_checks),
            **{name: summary.cell.point.get(name) for name in factors},
        }
        rows.append(row)
    return _table((*columns, *factors), rows)


def _factors(analysis: Analysis, columns: Sequence[str]) -> list[str]:
    """The factors of all cells besides users; one that has the name of a column is that column's."""
    points = [summary.cell.point.others.to_json() for summary in analysis.cells]
    return [name for name in dict.fromkeys(n for point in points for n in point) if name not in columns]


def levels_csv(analysis: Analysis) -> str:
    """A row a level of each load with a shape, as ``summary_csv``."""
    shapes = [shaped_json(shaped) for shaped in analysis.shaped]
    workloads = list({shaped.cell.workload.name: shaped.cell.workload for shaped in analysis.shaped}.values())
    columns = (*LEVEL_NAMES, *figure_columns(workloads), "late", *_of_which(workloads))
    return _table(columns, [{**shape, **level} for shape in shapes for level in shape["levels"]])


def _table(columns: Sequence[str], rows: Iterable[dict[str, Any]]) -> str:
    out = io.StringIO()
    writer = csv.DictWriter(out, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows({name: _place(row.get(name)) for name in columns} for row in rows)
    return out.getvalue()


def write_files(analysis: Analysis, directory: Path) -> None:
    """Raises OSError where the directory cannot be made or written."""
    directory.mkdir(parents=True, exist_ok=True)
    write_json(directory / layout.RESULTS, results_json(analysis))
    replace_file(directory / layout.SUMMARY, summary_csv(analysis).encode())
    if analysis.shaped:
        replace_file(directory / layout.LEVELS, levels_csv(analysis).encode())
    else:  # one of an earlier report is of other loads
        (directory / layout.LEVELS).unlink(missing_ok=True)
    names = ", ".join(source.name for source in analysis.sources)
    replace_file(directory / layout.REPORT, markdown(blocks(analysis), f"Report of {names}").encode())
