"""How much an open loop really offered: at random (Poisson) it is more or less than the rate asked for."""

from __future__ import annotations

import numpy as np

from reports.columns.kinds import NO_INTEGER
from reports.figures.summary import OperatingPoint


def due_per_second(level: OperatingPoint) -> float | None:
    """Requests a second that were due in the windows of its valid cells, answered or not; None where no
    record says when it was due."""
    due, seconds = 0, 0.0
    for cell in level.valid_cells:
        if (window := cell.window) is None:
            continue
        due_ns = cell.every.integers("due_at_ns")
        said = due_ns[due_ns != NO_INTEGER]
        due += int(np.count_nonzero((said >= window.start_ns) & (said <= window.end_ns)))
        seconds += window.seconds
    return due / seconds if due else None
