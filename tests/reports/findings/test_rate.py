"""Answers a second, as findings reckon with them, are those that end in the window."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from records.cells.reader import read_run
from reports.analysis.analyse import analyse


def test_answers_in_clumps_have_the_tables_rate(made: Any, tmp_path: Path) -> None:
    """All are sent before the window, as warm-up, and end in it: the next ones are not sent any more."""
    specs = [made.spec(concurrency=users, rps=8, flags=("warmup",)) for users in (1, 20)]
    made.run(tmp_path / "run", specs, plan={"configs": ["baseline"]})
    [service] = analyse([read_run(tmp_path / "run")]).services
    assert service.heavy.level.figures.throughput is not None
    assert service.heavy.per_second == pytest.approx(service.heavy.level.figures.throughput.value) == 8
