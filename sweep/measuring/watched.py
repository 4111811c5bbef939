"""A cell with how its target ended, if it did, judged by what was seen beside it, too: here and elsewhere."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from records.cells import layout
from records.cells.reader import CellData, read_cell
from records.files import write_json
from sweep.beside.ended import Ended
from sweep.deployments.protocol import Endpoint


def begin_watch(endpoint: Endpoint) -> None:
    if endpoint.watch:
        endpoint.watch.begin(endpoint.via)


def watched(folder: Path, endpoint: Endpoint, gone: Ended) -> CellData:
    """The cell of that folder, which a sweep writes nowhere else, and only where a check was added to it.

    Raises:
        RecordError: it cannot be read back.
        OSError: it cannot be written.
    """
    if ended := endpoint.ended():
        write_json(folder / layout.ENDED, {"text": ended})
    checks = (*(endpoint.watch.end(folder) if endpoint.watch else ()), *gone.checks())
    data = read_cell(folder)
    if not checks:
        return data
    cell = replace(data.cell, verdict=data.cell.verdict.merged(checks))
    write_json(folder / layout.CELL, cell.to_json())
    return replace(data, cell=cell)
