"""A cell's record with what the sweep adds to it: how its target ended, checks, and who else was at work."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from records.cells import layout
from records.cells.cell import Check, Verdict
from records.cells.folders import cell_of
from records.cells.other_programs import OtherProgram
from records.cells.reader import CellData, read_cell
from records.files import write_json
from sweep.deployments.protocol import Endpoint
from workloads.judge import advised_beside


def with_added(
    folder: Path,
    endpoint: Endpoint,
    *,
    checks: tuple[Check, ...] = (),
    programs: tuple[OtherProgram, ...] | None = None,
) -> CellData:
    """The cell of that folder, whose record is written once more where there is anything to add to it. Before
    the cell is sealed: a resumed sweep takes one that is sealed as it is.

    Raises:
        RecordError: it cannot be read back.
        OSError: it cannot be written.
    """
    if ended := endpoint.ended():
        write_json(folder / layout.ENDED, {"text": ended})
    if checks or programs is not None:
        kept = cell_of(folder)  # without what a reader finds for itself, again and again
        verdict = Verdict(checks=advised_beside(kept.verdict.merged(checks).checks, programs or ()))
        more = replace(kept, verdict=verdict, other_programs=programs)
        write_json(folder / layout.CELL, more.to_json())
    return read_cell(folder)
