"""The LLM server's own record of what it was asked while a cell was measured."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from records.cells import layout
from records.evidence.in_order import in_order
from records.evidence.unreadable import parse_llm
from reports.figures.summary import CellSummary

MOST_MS = 1e9  # eleven days


def llm_lines(cell: CellSummary) -> Iterator[dict[str, Any]]:
    """The server's record of the requests that it received inside the cell's window.

    From ``llm.jsonl`` in the cell's folder(s), or the run's (three folders above its cells); lines that
    cannot be read are left out: the record belongs to another program.
    """
    window = cell.window
    if window is None:
        return
    paths = sorted({path for part in cell.parts if (path := record_of(part.data.path)) is not None})
    for raw in (raw for path in paths for raw in in_order(path, parse_llm, _look)):
        if window.start_ns <= raw["received_at_ns"] <= window.end_ns:
            yield raw


def _look(raw: dict[str, Any]) -> tuple[int, str]:
    """Two may be received at one moment: they differ in something."""
    return raw["received_at_ns"], repr(sorted(raw.items()))


def milliseconds(value: Any) -> float | None:
    """None for what cannot be the length of anything here: the record is another program's."""
    return float(value) if isinstance(value, (int, float)) and 0 <= value <= MOST_MS else None


def has_record(cell: CellSummary) -> bool:
    """Is there one, be it that it got no request?"""
    return any(record_of(part.data.path) is not None for part in cell.parts)


def record_of(cell: Path) -> Path | None:
    """The file that has a cell's, its own or its run's."""
    own = cell / layout.LLM
    if own.is_file():
        return own
    above = cell.resolve().parents
    shared = above[3] / layout.LLM if len(above) > 3 and above[2].name == layout.CELLS else None
    return shared if shared and shared.is_file() else None
