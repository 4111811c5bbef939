"""What a person sees, on wide and narrow terminals and without one."""

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from records.cells.cell import Cell, Check, Verdict
from records.cells.point import Point
from records.cells.reader import CellData
from records.cells.request import RequestRecord
from sweep.measuring.progress import Progress
from sweep.planning.cell_key import CellKey

KEY = CellKey(deployment="local", config="mock-embeddings", point=Point.of_users(120), repeat=1)
DATA = CellData(
    cell=Cell(
        deployment="local", config="mock-embeddings", concurrency=120, repeat=1, achieved={"rps": 12.34}
    ),
    path=Path(),
)


def _console(width: int, *, terminal: bool) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, width=width, force_terminal=terminal, color_system=None), written


@pytest.mark.parametrize("width", [40, 59, 60, 80, 200])
def test_the_bar_is_one_line_at_any_width(width: int) -> None:
    console, _ = _console(width, terminal=True)
    progress = Progress(console)
    progress.start(100, 3000.0, None)
    progress.report("starting mock-embeddings (local): building the index, batch 12 of 100")
    with console.capture() as shown:
        console.print(progress.shown())
    (line,) = shown.get().rstrip("\n").split("\n")
    assert len(line.rstrip()) <= width
    assert "starting" in line
    assert "0/100" in line
    assert "about 50:00" in line


def test_without_a_terminal_there_is_a_line_a_cell_and_no_control_character() -> None:
    console, written = _console(80, terminal=False)
    with Progress(console) as progress:
        progress.start(2, 20.0, None)
        progress.report("starting")
        progress.cell(KEY, DATA, 2, seconds=9.0)
    (line,) = written.getvalue().splitlines()
    assert line.startswith("[ 1/2] local/mock-embeddings/c120-r1 ")
    assert " 12.3 RPS" in line
    assert line.isprintable()


def test_the_time_left_is_never_more_than_the_budget_s() -> None:
    console, written = _console(200, terminal=False)
    with Progress(console) as progress:
        progress.start(10**9, 1e9, 60.0)
        progress.cell(KEY, DATA, 10**9, seconds=9.0)
    minutes, _, seconds = written.getvalue().partition("(")[2].partition(" left)")[0].partition(":")
    assert int(minutes) * 60 + int(seconds) <= 60


def test_cells_that_are_added_count_and_those_measured_again_do_not() -> None:
    console, written = _console(200, terminal=False)
    with Progress(console) as progress:
        progress.start(1, 1.0, None)
        progress.present(3)
        progress.cell(KEY, DATA, 4, seconds=9.0)
        progress.again(KEY, 1, 2, "its users were late")
        progress.cell(KEY, DATA, 4, seconds=9.0, again=True)
    first, said, second = written.getvalue().splitlines()
    assert first.startswith("[ 2/4]")
    assert second.startswith("[ 2/4]")
    assert said == "again (1 of 2): local/mock-embeddings/c120-r1, because its users were late"


@pytest.mark.parametrize("width", [40, 80])
def test_on_a_terminal_a_long_line_goes_on_below_with_every_word(width: int) -> None:
    console, written = _console(width, terminal=True)
    text = "INVALID: the generator's loop was up to 41.2 ms late (p99); at the fewest 3 of 10 users [sic]"
    Progress(console).note(text)
    lines = written.getvalue().splitlines()
    assert len(lines) > 1
    assert all(len(line) <= width for line in lines)
    assert all(line.startswith("  ") for line in lines[1:])
    assert " ".join(line.strip() for line in lines) == text


def test_ttft_is_of_the_requests_that_were_in_time_and_the_others_are_counted() -> None:
    def request(ttft_ms: int, *flags: str) -> RequestRecord:
        return RequestRecord(
            run="t", cell="c", worker="local", region="", user=0, seq=ttft_ms, sent_at_ns=10,
            ended_at_ns=20, first_token_at_ns=10 + ttft_ms * 1_000_000, outcome="ok",
            flags=list(flags),
        )  # fmt: skip

    achieved = {"rps": 12.34, "window": {"start_ns": 0, "end_ns": 90}}
    requests = (request(5), request(500, "late"), request(700, "late"))
    data = replace(DATA, cell=replace(DATA.cell, achieved=achieved), requests=requests)
    for terminal in (False, True):
        console, written = _console(80, terminal=terminal)
        Progress(console).cell(KEY, data, 2, seconds=9.0)
        line = written.getvalue()
        assert "   12.3 RPS  TTFT p50     5.0 ms  2 late" in line
        assert ("left)" in line) != terminal  # the bar says it there, and 80 columns have no room for it
        assert not terminal or len(line.rstrip("\n")) <= 80


def test_an_invalid_cell_says_what_to_do_about_it_in_its_own_line() -> None:
    failed = Check.bounded("failures", 1, 0, "no good answer (HTTP 401 no; sorry)", advice="set a key")
    data = replace(DATA, cell=replace(DATA.cell, verdict=Verdict(checks=(failed,))))
    console, written = _console(200, terminal=False)
    Progress(console).cell(KEY, data, 1, seconds=9.0)
    assert written.getvalue().splitlines()[1] == (
        "        INVALID: no good answer (HTTP 401 no; sorry); set a key"
    )


def test_without_a_terminal_nobody_waits_long_for_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("sweep.measuring.progress.time.monotonic", lambda: now)
    console, written = _console(80, terminal=False)
    with Progress(console) as progress:
        progress.step("starting baseline (local)")
        for tenth in range(400):
            now = tenth / 10
            progress.report(f"starting baseline: {now:.0f} s")
    lines = ["starting baseline (local)", "starting baseline: 15 s", "starting baseline: 30 s"]
    assert written.getvalue().splitlines() == lines


def test_a_terminal_has_the_bar_instead() -> None:
    console, written = _console(80, terminal=True)
    Progress(console).step("starting baseline (local)")
    assert written.getvalue() == ""


def _left(**more: Any) -> str:
    console, written = _console(80, terminal=False)
    Progress(console).cell(KEY, DATA, more.pop("total", 1), **more)
    return written.getvalue().partition("(")[2].partition(" left)")[0]


def test_what_is_to_be_measured_again_is_in_the_time_left() -> None:
    assert _left(seconds=60.0, pending=1) == "1:30"  # it may be spoiled again, as one of one was


def test_that_cells_to_come_will_be_measured_again_as_often_is_in_the_time_left() -> None:
    console, written = _console(80, terminal=False)
    progress = Progress(console)
    for again in (False, True, True):
        progress.cell(KEY, DATA, 2, seconds=60.0, again=again)
    last = written.getvalue().splitlines()[-1]
    assert "(1:45 left)" in last  # one more, and as two of four were: half of it, and half of that


@pytest.mark.parametrize(("name", "second"), [("generator-lag", "generator-lag, as above"),
                                              ("failures", "8 found; do it")])  # fmt: skip
def test_what_the_machine_spoils_again_is_said_in_brief(name: str, second: str) -> None:
    console, written = _console(200, terminal=False)
    progress = Progress(console)
    for figure in (9, 8):
        failed = Check.bounded(name, figure, 0, f"{figure} found", advice="do it")
        verdict = Verdict(checks=(failed,))
        progress.cell(KEY, replace(DATA, cell=replace(DATA.cell, verdict=verdict)), 1, seconds=9.0)
    progress.again(KEY, 1, 2, "8 found")
    lines = written.getvalue().splitlines()
    assert lines[1].endswith("INVALID: 9 found; do it")
    assert lines[3].endswith(f"INVALID: {second}")
    assert lines[4] == "again (1 of 2): local/mock-embeddings/c120-r1"


def test_the_time_left_has_each_start_once_and_not_with_every_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("sweep.measuring.progress.time.monotonic", lambda: now)
    console, written = _console(80, terminal=False)
    progress = Progress(console)
    now = 500.0  # the service started meanwhile
    progress.cell(KEY, DATA, 4, seconds=10.0)
    assert "(0:30 left)" in written.getvalue()
    assert _left(total=4, seconds=10.0, starts_ahead_seconds=20.0) == "0:50"
    assert _left(total=1, seconds=10.0, starts_ahead_seconds=20.0) == "0:00"


def test_without_a_terminal_what_goes_on_unchanged_is_said_to(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sweep.measuring.progress.QUIET_SECONDS", 0.0)
    console, written = _console(80, terminal=False)
    with Progress(console) as progress:
        for what in ("building", "building", "ready"):
            progress.report(what)
    assert written.getvalue().splitlines() == ["building", "still building", "ready"]
