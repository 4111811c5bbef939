"""A cell's record with what the sweep adds to it: how its target ended, checks, and who else was at work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from records.cells import layout
from records.cells.cell import Check
from records.cells.folders import cell_of
from records.cells.other_programs import OtherProgram
from records.cells.reader import CellData, read_cell
from records.files import write_json
from sweep.deployments.protocol import Endpoint


def with_other_programs(data: CellData, programs: tuple[OtherProgram, ...]) -> CellData:
    """The cell, in whose record the programs are that took CPU meanwhile. Raises OSError, RecordError."""
    if not programs:
        return data
    write_json(data.path / layout.CELL, replace(cell_of(data.path), other_programs=programs).to_json())
    return replace(data, cell=replace(data.cell, other_programs=programs))


def judged(folder: Path, endpoint: Endpoint, checks: tuple[Check, ...]) -> CellData:
    """The cell of that folder, which a sweep writes nowhere else, and only where one of ``checks`` is added.

    Raises:
        RecordError: it cannot be read back.
        OSError: it cannot be written.
    """
    if ended := endpoint.ended():
        write_json(folder / layout.ENDED, {"text": ended})
    if checks:
        kept = cell_of(folder)  # without what a reader finds for itself, again and again
        with_them = replace(kept, verdict=kept.verdict.merged(checks))
        write_json(folder / layout.CELL, with_them.to_json())
    return read_cell(folder)
