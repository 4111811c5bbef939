"""What a person sees, on wide and narrow terminals and without one."""

import io
from pathlib import Path

import pytest
from rich.console import Console

from records.cell import Cell
from records.reader import CellData
from sweep.plan import CellKey
from sweep.progress import Progress

KEY = CellKey(deployment="local", config="mock-embeddings", concurrency=120, repeat=1)
DATA = CellData(
    cell=Cell(deployment="local", config="mock-embeddings", concurrency=120, repeat=1), path=Path()
)


def _console(width: int, *, terminal: bool) -> tuple[Console, io.StringIO]:
    written = io.StringIO()
    return Console(file=written, width=width, force_terminal=terminal, color_system=None), written


@pytest.mark.parametrize("width", [40, 59, 60, 80, 200])
def test_the_bar_is_one_line_at_any_width(width: int) -> None:
    console, _ = _console(width, terminal=True)
    progress = Progress(console)
    progress.start(100, 3000.0, None)
    progress.say("starting mock-embeddings (local): building the index, batch 12 of 100")
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
        progress.say("starting")
        progress.cell(KEY, DATA, 12.34, measured=True)
    (line,) = written.getvalue().splitlines()
    assert line.startswith("[ 1/2] local/mock-embeddings/c120-r1 ")
    assert " 12.3 RPS" in line
    assert line.isprintable()


def test_the_time_left_is_never_more_than_the_budget_s() -> None:
    console, written = _console(200, terminal=False)
    with Progress(console) as progress:
        progress.start(10**9, 1e9, 60.0)
        progress.cell(KEY, DATA, 1.0, measured=True)
    minutes, _, seconds = written.getvalue().partition("(")[2].partition(" left)")[0].partition(":")
    assert int(minutes) * 60 + int(seconds) <= 60


def test_added_cells_are_counted() -> None:
    console, written = _console(200, terminal=False)
    with Progress(console) as progress:
        progress.start(1, 1.0, None)
        progress.add(2)
        progress.cell(KEY, DATA, 1.0, measured=True)
    assert written.getvalue().startswith("[ 1/3]")


def test_without_a_terminal_nobody_waits_long_for_a_word(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr("sweep.progress.time.monotonic", lambda: now)
    console, written = _console(80, terminal=False)
    with Progress(console) as progress:
        progress.step("starting baseline (local)")
        for tenth in range(400):
            now = tenth / 10
            progress.say(f"starting baseline: {now:.0f} s")
    lines = [
        "starting baseline (local)",
        "starting baseline: 15 s",
        "starting baseline: 30 s",
    ]
    assert written.getvalue().splitlines() == lines


def test_a_terminal_has_the_bar_instead() -> None:
    console, written = _console(80, terminal=True)
    Progress(console).step("starting baseline (local)")
    assert written.getvalue() == ""
