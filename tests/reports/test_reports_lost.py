"""A cell that cannot be read hides no other, and is never missing without a word."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reported import report
from reports.export_option import Export
from reports.frame.build import frame

LOST = "local/baseline/c10-r2"


def no_cell(cell: Path) -> None:
    (cell / "cell.json").unlink()


def torn(cell: Path) -> None:
    (cell / "cell.json").write_text('{"schema_ver')


def pipe(cell: Path) -> None:
    no_cell(cell)
    os.mkfifo(cell / "cell.json")


def folder(cell: Path) -> None:
    no_cell(cell)
    (cell / "cell.json").mkdir()


def bad_request(cell: Path) -> None:
    with (cell / "requests.jsonl").open("ab") as file:
        file.write(b"torn\n")


@pytest.fixture
def run(made: Any, tmp_path: Path) -> Path:
    return Path(made.run(tmp_path / "run", [made.spec(repeat=n) for n in (1, 2)]))


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (no_cell, "1 folder holds requests but no cell.json"),
        *((damage, "1 cell cannot be read") for damage in (torn, pipe, folder, bad_request)),
    ],
)
def test_it_is_named_and_the_others_are_shown(run: Path, damage: Callable[[Path], None], said: str) -> None:
    damage(run / "cells" / LOST)
    done = report(run)
    shown = " ".join(done.stdout.split())
    assert (done.exit_code, f"report: {LOST} " in done.stderr, said in shown) == (3, True, True)
    assert "1 of 1 cells are valid" in shown
    assert str(run) not in (run / "report.md").read_text()


@pytest.mark.parametrize("damage", [torn, pipe, folder])
def test_none_that_can_be_read_is_one_line_and_2(run: Path, damage: Callable[[Path], None]) -> None:
    for cell in (run / "cells").glob("*/*/*"):
        damage(cell)
    done = report(run)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)


def test_a_pipe_as_run_json_is_one_line_and_2(run: Path) -> None:
    (run / "run.json").unlink()
    os.mkfifo(run / "run.json")
    done = report(run)
    assert (done.exit_code, done.stderr) == (2, f"error: {run}/run.json is no regular file\n")


def test_a_folder_that_a_load_just_made_is_no_loss(run: Path) -> None:
    no_cell(run / "cells" / LOST)
    (run / "cells" / LOST / "requests.jsonl").write_bytes(b"")
    assert report(run).exit_code == 0


def test_rows_of_requests_lack_it_with_a_warning(run: Path, tmp_path: Path, capsys: Any) -> None:
    torn(run / "cells" / LOST)
    with pytest.warns(UserWarning, match=LOST):
        assert set(frame(run)["cell"]) == {"local/baseline/c10-r1"}
    bad_request(run / "cells/local/baseline/c10-r1")
    assert Export(form="csv", path=None).write([run], tmp_path / "r.csv") == 2
    assert capsys.readouterr().err.startswith(f"error: {tmp_path / 'r.csv'} was not written: ")
