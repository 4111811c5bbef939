"""A sweep goes by what its scenario's workload counts, be it no answers."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from records.cells.cell import Cell, Check, Verdict
from records.cells.reader import CellData
from sweep.measuring.progress import Progress
from sweep.measuring.runner import Sweep
from sweep_world import key_of, planned
from workloads.catalogue import WORKLOADS
from workloads.stream import STREAM
from workloads.workload import Throughput

KEY = key_of(1, deployment="it")


@pytest.fixture
def downloaded(monkeypatch: pytest.MonkeyPatch) -> CellData:
    """A cell of a workload that counts megabytes."""
    per = Throughput(name="mb_per_s", title="MB/s", of=lambda r: r.bytes / 1e6)
    monkeypatch.setitem(WORKLOADS, "downloads", replace(STREAM, name="downloads", throughput=per))
    cell = Cell(
        deployment="it", config="as-is", concurrency=1, repeat=1, workload="downloads",
        achieved={"mb_per_s": 0.25}, verdict=Verdict(checks=(Check(name="workers", status="pass"),)),
    )  # fmt: skip
    return CellData(cell=cell, path=Path())


def test_progress_shows_it(downloaded: CellData) -> None:
    written = io.StringIO()
    Progress(Console(file=written, width=120)).cell(KEY, downloaded, 1, seconds=9.0)
    assert "    0.25 MB/s  TTFT p50" in written.getvalue()
    assert "RPS" not in written.getvalue()


def test_the_search_for_a_knee_goes_by_it(downloaded: CellData, tmp_path: Path, place_of: Any) -> None:
    plan = planned(levels=(1,))
    sweep = Sweep(directory=tmp_path, plan=plan, progress=Progress(Console(file=io.StringIO())))
    sweep._learn(place_of(plan), KEY, downloaded)
    assert sweep.search.throughput == {KEY: 0.25}
    for kept in (None, "fast", True, []):  # what is no number decides nothing
        cell = replace(downloaded.cell, achieved={"mb_per_s": kept})
        assert WORKLOADS["downloads"].throughput.in_cell(cell) is None
