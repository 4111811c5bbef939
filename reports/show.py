"""From directories to a report: what the ``report`` command and the sweep both call."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from records.reader import read_run
from reports.analysis import Analysis, analyse
from reports.blocks import blocks
from reports.export import write_files
from reports.render import print_blocks


def load(directories: Sequence[Path]) -> Analysis:
    """Everything in the directories, one given twice read once.

    Raises:
        RecordError: one that is neither a run nor a cell, or that this version cannot read.
        OSError: one that cannot be opened.
    """
    distinct = list({path.resolve(): path for path in directories}.values())
    return analyse([read_run(path) for path in distinct])


def show(analysis: Analysis, console: Console) -> None:
    print_blocks(blocks(analysis), console)


def print_report(dirs: Sequence[Path], console: Console, output: Path | None = None) -> int:
    """Write the derived files (into ``output``; by default the only directory), print the tables.

    Returns:
        the exit code: 0, or 3 when a configuration has no valid cell.

    Raises:
        RecordError, OSError: as ``load`` and ``write_files``.
    """
    analysis = load(dirs)
    show(analysis, console)
    where = output if output is not None else dirs[0] if len(dirs) == 1 else None
    if where is not None:
        write_files(analysis, where)
    return analysis.exit_code
