"""The knee of a series as its first cells predict it: what chooses the levels that follow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from records.cells.reader import Run
from records.errors import RecordError


def foreseen_knee(run: Path, folders: Sequence[Path]) -> int | None:
    """Users, by the cells in those folders; None: it is not predictable, or one of them cannot be read."""
    from reports.columns.reader import read_cell  # here, for a load worker has no numpy
    from reports.evidence.foretold import foretold
    from reports.evidence.service import services
    from reports.figures.summary import summarise

    try:
        cells = tuple(map(read_cell, folders))
    except (RecordError, OSError):
        return None
    found = list(services(summarise([Run(path=run, cells=cells)])))
    predicted = foretold(found[0]) if len(found) == 1 else None
    return None if predicted is None else max(1, round(predicted.users.value))
