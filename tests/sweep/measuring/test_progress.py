"""What a person sees, on wide and narrow terminals and without one."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from records.cells.cell import Cell, Check, Verdict
from records.cells.reader import CellData
from records.cells.request import RequestRecord
from sweep.measuring.progress import Progress
from sweep.measuring.runner import Sweep
from sweep_world import key_of, planned
from workloads.catalogue import WORKLOADS
from workloads.stream import STREAM
from workloads.workload import Throughput

KEY = key_of(120, deployment="local", config="mock-embeddings")
CELL = Cell(deployment="local", config="mock-embeddings", concurrency=120, repeat=1, achieved={"rps": 12.34})
DATA = CellData(cell=CELL, path=Path())


def _progress(width: int = 200, *, terminal: bool = False) -> tuple[Progress, io.StringIO]:
    written = io.StringIO()
    return Progress(Console(file=written, width=width, force_terminal=terminal, color_system=None)), written


def _failed(name: str, found: str) -> CellData:
    check = Check.bounded(name, 1, 0, found, advice="do it")
    return replace(DATA, cell=replace(CELL, verdict=Verdict(checks=(check,))))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr("sweep.measuring.progress.time.monotonic", lambda: now[0])
    return now


@pytest.mark.parametrize("width", [40, 59, 60, 200])
def test_the_bar_is_one_line_at_any_width(width: int) -> None:
    progress, written = _progress(width, terminal=True)
    progress.step("starting baseline (local)")
    assert written.getvalue() == ""
    progress.start(100, 3000.0, None)
    progress.report("starting mock-embeddings (local): building the index, batch 12 of 100")
    console = Console(file=written, width=width, force_terminal=True, color_system=None)
    with console.capture() as shown:
        console.print(progress.shown())
    (line,) = shown.get().rstrip("\n").split("\n")
    assert len(line.rstrip()) <= width
    assert all(part in line for part in ("starting", "0/100", "about 50:00"))


def test_cells_that_are_added_count_and_those_measured_again_do_not() -> None:
    progress, written = _progress()
    progress.start(1, 1.0, None)
    progress.present(3)
    progress.cell(KEY, DATA, 4, seconds=9.0)
    progress.again(KEY, 1, 2, "its users were late")
    progress.cell(KEY, DATA, 4, seconds=9.0, again=True)
    first, said, second = written.getvalue().splitlines()
    assert second.startswith("[ 2/4] ")
    assert said == "again (1 of 2): local/mock-embeddings/c120-r1, because its users were late"
    assert first.partition("  ")[0] == "[ 2/4] local/mock-embeddings/c120-r1"
    assert all(line.isprintable() for line in (first, said, second))


@pytest.mark.parametrize("width", [40, 80])
def test_on_a_terminal_a_long_line_goes_on_below_with_every_word(width: int) -> None:
    progress, written = _progress(width, terminal=True)
    text = "INVALID: the generator's loop was up to 41.2 ms late (p99); at the fewest 3 of 10 users [sic]"
    progress.note(text)
    lines = written.getvalue().splitlines()
    assert len(lines) > 1
    assert all(len(line) <= width for line in lines)
    assert all(line.startswith("  ") for line in lines[1:])
    assert " ".join(line.strip() for line in lines) == text


@pytest.mark.parametrize("terminal", [False, True])
def test_ttft_is_of_the_requests_that_were_in_time_and_the_others_are_counted(terminal: bool) -> None:
    def request(ttft_ms: int, *flags: str) -> RequestRecord:
        return RequestRecord(
            run="t", cell="c", worker="local", region="", user=0, seq=ttft_ms, sent_at_ns=10, outcome="ok",
            ended_at_ns=20, first_token_at_ns=10 + ttft_ms * 1_000_000, flags=list(flags),
        )  # fmt: skip

    achieved = {"rps": 12.34, "window": {"start_ns": 0, "end_ns": 90}}
    requests = (request(5), request(500, "late"), request(700, "late"))
    progress, written = _progress(80, terminal=terminal)
    progress.cell(
        KEY, replace(DATA, cell=replace(CELL, achieved=achieved), requests=requests), 2, seconds=9.0
    )
    line = written.getvalue()
    assert "   12.3 RPS  TTFT p50     5.0 ms  2 late" in line
    assert ("left)" in line) != terminal  # the bar says it there, and 80 columns have no room for it
    assert not terminal or len(line.rstrip("\n")) <= 80


def test_without_a_terminal_nobody_waits_long_for_a_word(clock: list[float]) -> None:
    progress, written = _progress()
    with progress:
        progress.step("starting baseline (local)")
        for tenth in range(400):
            clock[0] = tenth / 10
            progress.report(f"starting baseline: {clock[0]:.0f} s")
    lines = ["starting baseline (local)", "starting baseline: 15 s", "starting baseline: 30 s"]
    assert written.getvalue().splitlines() == lines


def test_without_a_terminal_what_goes_on_unchanged_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweep.measuring.progress.QUIET_SECONDS", 0.0)
    progress, written = _progress()
    for what in ("building", "building", "ready"):
        progress.report(what)
    assert written.getvalue().splitlines() == ["building", "still building", "ready"]


def _left(written: io.StringIO) -> str:
    return written.getvalue().rpartition("(")[2].partition(" left)")[0]


@pytest.mark.parametrize(("budget", "cell", "left"), [
    (60.0, {"total": 10**9}, "0:51"),  # never more than the budget's
    (None, {"total": 1, "pending": [2], "seconds": 60.0}, "1:30"),  # it may be spoiled again, as one was
    (None, {"total": 1, "pending": [1], "seconds": 60.0}, "1:00"),  # but not after its last try
    (None, {"total": 4, "starts_ahead_seconds": 20.0}, "0:47"),
    (None, {"total": 1, "starts_ahead_seconds": 20.0}, "0:00"),
])  # fmt: skip
def test_the_time_left(clock: list[float], budget: float | None, cell: Any, left: str) -> None:
    progress, written = _progress()
    progress.start(cell["total"], 1e9, budget)
    clock[0] = 9.0  # a start before it is in no cell's time
    progress.cell(KEY, DATA, **{"seconds": 9.0, **cell})
    assert _left(written) == left


def test_that_cells_to_come_will_be_measured_again_as_often_is_in_the_time_left() -> None:
    progress, written = _progress()
    for again in (False, True, True):
        progress.cell(KEY, DATA, 2, seconds=60.0, again=again)
    assert _left(written) == "1:45"  # one more, and as two of four were: half of it, and half of that


@pytest.mark.parametrize(("name", "second"), [("generator-lag", "generator-lag, as above"),
                                              ("failures", "8 found; do it")])  # fmt: skip
def test_what_the_machine_spoils_again_is_said_in_brief(name: str, second: str) -> None:
    progress, written = _progress()
    first = "generator-lag: " if second.endswith("as above") else ""  # what is said of it later, names it
    for figure in (9, 8):
        progress.cell(KEY, _failed(name, f"{figure} found"), 1, seconds=9.0)
    progress.again(KEY, 1, 2, "8 found")
    lines = written.getvalue().splitlines()
    assert lines[1] == f"        INVALID: {first}9 found; do it"
    assert lines[3].endswith(f"INVALID: {second}")
    assert lines[4] == "again (1 of 2): local/mock-embeddings/c120-r1"


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


def test_the_search_for_a_knee_goes_by_it(downloaded: CellData, tmp_path: Path) -> None:
    plan = planned(levels=(1,))
    sweep = Sweep(directory=tmp_path, plan=plan, progress=Progress(Console(file=io.StringIO())))
    key = key_of(1, deployment="it")
    sweep.course.learn(key, downloaded)
    assert sweep.search.throughput == {key: 0.25}
    for kept in (None, "fast", True, []):  # what is no number decides nothing
        cell = replace(downloaded.cell, achieved={"mb_per_s": kept})
        assert WORKLOADS["downloads"].throughput.in_cell(cell) is None
