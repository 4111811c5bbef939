"""An open loop's offered rate is of the requests that were due, not of the rate that was asked for."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from records.cells.cell import Window
from reports.columns.kinds import NO_INTEGER
from reports.figures.due import due_per_second


def cell(due_s: list[float | None], seconds: float) -> Any:
    due_ns = np.array([NO_INTEGER if at is None else round(at * 1e9) for at in due_s], dtype=np.int64)
    window = Window(start_ns=0, end_ns=round(seconds * 1e9))
    return SimpleNamespace(window=window, every=SimpleNamespace(integers=lambda name: due_ns))


def test_requests_count_that_were_due_in_the_windows() -> None:
    two = SimpleNamespace(valid_cells=(cell([0.5, 1.0, 2.5], 2.0), cell([-1.0, 0.1, 0.2, None], 2.0)))
    assert due_per_second(two) == pytest.approx(4 / 4.0)  # type: ignore[arg-type]
    closed = SimpleNamespace(valid_cells=(cell([None, None], 2.0),))
    assert due_per_second(closed) is None  # type: ignore[arg-type]
