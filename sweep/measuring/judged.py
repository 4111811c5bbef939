"""A cell with how its target ended, if it did, judged by what was seen beside it, too: here and elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from records.cells import layout
from records.cells.cell import Check
from records.cells.reader import CellData, read_cell
from records.files import write_json
from sweep.deployments.protocol import Endpoint
from sweep.running.watched import Watched


def begin_watch(endpoint: Endpoint) -> None:
    if endpoint.watch:
        endpoint.watch.begin(endpoint.via)


def end_watch(endpoint: Endpoint, folder: Path) -> Watched:
    return endpoint.watch.end(folder) if endpoint.watch else Watched()


def judged(folder: Path, endpoint: Endpoint, checks: tuple[Check, ...]) -> CellData:
    """The cell of that folder, which a sweep writes nowhere else, and only where one of ``checks`` is added.

    Raises:
        RecordError: it cannot be read back.
        OSError: it cannot be written.
    """
    if ended := endpoint.ended():
        write_json(folder / layout.ENDED, {"text": ended})
    data = read_cell(folder)
    if not checks:
        return data
    cell = replace(data.cell, verdict=data.cell.verdict.merged(checks))
    write_json(folder / layout.CELL, cell.to_json())
    return replace(data, cell=cell)
