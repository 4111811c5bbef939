"""Reading a cell whose requests are kept in columns."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from records.cells.cell import Cell
from records.cells.folders import cell_of
from records.cells.reader import CellData, judged, record_in, requests_file
from records.cells.request import RequestRecord
from records.cells.spans import Traces, traces_of
from records.errors import RecordError
from records.files import line_blocks, newlines_in
from reports.columns.believed import believed
from reports.columns.blocks import AT_A_TIME, Columns, requests_in
from reports.columns.requests import Requests
from workloads.catalogue import workload_at


def read_cell(directory: Path) -> CellData:
    """As `records.cells.reader.read_cell`, in a fifth of the memory. Raises as that, and RecordError for
    a cell of a workload that this version does not know."""
    cell = cell_of(directory)
    workload_at(directory, cell)
    with _without_collecting():
        requests, left_out = believed(_requests(directory, cell), cell)
    counted = len(requests.measured(cell.window)), len(requests.good_ended_in(cell.window))
    return judged(directory, cell, requests, counted, left_out)


def _requests(directory: Path, cell: Cell) -> Requests:
    columns, path = Columns(), requests_file(directory, cell)
    traces = traces_of(directory)
    if path is None:
        return columns.requests()
    first = 1
    for lines in line_blocks(path, AT_A_TIME):
        taken = 0 if traces else columns.take(lines)
        if not taken:
            columns.add_records(_records(path, first, lines.split(b"\n"), traces))
        first += taken or newlines_in(lines)
    return columns.requests()


def _records(path: Path, first: int, lines: Sequence[bytes], traces: Traces) -> Iterator[RequestRecord]:
    """Line by line, which takes some times as long, and says what is wrong. Raises RecordError."""
    for number, line in enumerate(lines, start=first):
        if line.strip():
            record = record_in(path, number, line, traces)
            try:
                requests_in([record])
            except RecordError as error:
                raise RecordError(f"{path}:{number}: {error}") from error
            yield record


@contextmanager
def _without_collecting() -> Iterator[None]:
    """No search for cycles: lines have none, and to look for some takes as long as to read them."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()
