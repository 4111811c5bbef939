"""From directories to a report: what the ``report`` command and the sweep both call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from records.cells.reader import read_run
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis
from reports.blocks import blocks
from reports.columns.reader import read_cell
from reports.document.render import print_blocks
from reports.export import write_files
from reports.figures.pooling.concurrent_cells import refuse_copies


def load(directories: Sequence[Path], reference: str | None = None) -> Analysis:
    """Everything in the directories, one given twice read once. ``reference``: as `analyse` takes it.

    Raises:
        RecordError: one that is neither a run nor a cell, or that this version cannot read, or a
            measurement that two of them hold.
        OSError: one that cannot be opened.
    """
    distinct = list({path.resolve(): path for path in directories}.values())
    runs = [read_run(path, read_cell) for path in distinct]
    refuse_copies(runs)
    return analyse(runs, reference)


def show(analysis: Analysis, console: Console) -> None:
    print_blocks(blocks(analysis), console)


def print_report(directory: Path, console: Console) -> Analysis:
    """Write the derived files of a run beside it, print the tables.

    Returns:
        what they are of; its exit code is 0, or 3 when a configuration has no valid cell.

    Raises:
        RecordError, OSError: as ``load`` and ``write_files``.
    """
    analysis = load([directory])
    write_files(analysis, directory)
    show(analysis, console)
    return analysis
