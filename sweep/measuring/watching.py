"""Who watches a target that runs elsewhere than here, while a cell is measured on it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path

from records.cells.reader import read_cell
from records.cells.request import RequestRecord
from records.errors import RecordError
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
