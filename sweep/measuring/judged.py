"""A cell with how its target ended, if it did, judged by what was seen beside it, too: here and elsewhere."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from records.cells import layout
from records.cells.cell import Check
from records.cells.folders import cell_of
from records.cells.other_programs import OtherProgram
from records.cells.reader import CellData, read_cell
from records.cells.request import RequestRecord
from records.errors import RecordError
from records.files import write_json
from sweep.deployments.protocol import Endpoint
from sweep.running.watched import Watched


def begin_watch(endpoint: Endpoint) -> None:
    if endpoint.watch:
        endpoint.watch.begin(endpoint.via)


def end_watch(endpoint: Endpoint, folder: Path) -> Watched:
    """What was seen of the target; what became of its pods is in the cell's folder then. Raises OSError."""
    if endpoint.watch is None:
        return Watched()
    seen = endpoint.watch.end(partial(_requests, folder))
    if seen.pods:
        seen.pods.write(folder)
    return seen


def _requests(folder: Path) -> Sequence[RequestRecord]:
    """None of a cell that came to no end."""
    try:
        return read_cell(folder).requests
    except (OSError, RecordError):
        return ()


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
