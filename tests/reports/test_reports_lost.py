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
    assert "The cell is valid" in shown
    assert str(run) not in (run / "report.md").read_text()


@pytest.mark.parametrize("damage", [torn, pipe, folder])
def test_none_that_can_be_read_is_one_line_and_2(run: Path, damage: Callable[[Path], None]) -> None:
    for cell in (run / "cells").glob("*/*/*"):
        damage(cell)
    done = report(run)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)


@pytest.mark.parametrize(("make", "kind"), [(os.mkfifo, "no regular file"), (os.mkdir, "a directory")])
def test_what_is_no_file_as_run_json_is_one_line_and_2(run: Path, make: Any, kind: str) -> None:
    (run / "run.json").unlink()
    make(run / "run.json")
    done = report(run)
    assert (done.exit_code, done.stderr) == (2, f"error: {run}/run.json is {kind}\n")


@pytest.mark.parametrize(("kept", "said"), [
    (67, "67 requests are recorded, but the load has no end (it was killed?)"), (0, "nothing was measured"),
])  # fmt: skip
def test_of_a_killed_load_it_says_how_many_requests_there_are(
    made: Any, tmp_path: Path, kept: int, said: str
) -> None:
    cell = made.cell(tmp_path / "cell", made.spec(complete=False))
    requests = cell / "requests.jsonl"
    requests.write_bytes(b"".join(requests.read_bytes().splitlines(keepends=True)[:kept]))
    shown = " ".join(report(cell).stdout.split())
    assert said in shown
    assert "1 cell has no end and was left out" in shown


def test_a_cell_that_lacks_records_is_named_and_3(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(repeat=n, achieved={"requests": 100}) for n in (1, 2)])
    assert report(run).exit_code == 0
    requests = run / "cells" / LOST / "requests.jsonl"
    requests.write_bytes(b"".join(requests.read_bytes().splitlines(keepends=True)[:50]))
    done = report(run)
    assert (done.exit_code, f"report: {LOST} lacks records: requests.jsonl holds" in done.stderr) == (3, True)


def test_what_is_no_folder_is_named_so() -> None:
    assert report(Path("/dev/null")).stderr == "error: /dev/null is no folder\n"


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
