"""A cell with what was seen of its target elsewhere, and judged by that, too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from records.cells import layout
from records.cells.reader import CellData
from records.files import write_json
from sweep.deployments.protocol import Endpoint


def watched(folder: Path, endpoint: Endpoint, data: CellData) -> CellData:
    """The cell of that folder, written again where a check was added to it. Raises OSError."""
    checks = endpoint.watch.end(folder) if endpoint.watch else ()
    if not checks:
        return data
    cell = replace(data.cell, verdict=data.cell.verdict.merged(checks))
    write_json(folder / layout.CELL, cell.to_json())
    return replace(data, cell=cell)
