"""What ``report`` cannot read or write: one clear line, an exit code that tells why, nothing half written."""

import errno
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from records.files import read_json, write_json
from reported import report
from support import ROOT

CELL = "cells/local/baseline/c10-r1"


@pytest.fixture
def run(made: Any, tmp_path: Path) -> Path:
    folder: Path = made.run(tmp_path / "run", [made.spec()])
    return folder


def test_no_valid_cell_is_3(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(), made.spec(config="mock-llm", checks=made.fail)])
    done = report(run)
    assert done.exit_code == 3
    assert "local/mock-llm has no valid cell" in done.stderr
    assert "9 answers came without" in done.stdout
    assert (run / "report.md").is_file()


@pytest.mark.parametrize("count", [0, 1])
def test_nothing_complete_is_3(made: Any, tmp_path: Path, count: int) -> None:
    assert report(made.run(tmp_path / "run", [made.spec(complete=False)] * count)).exit_code == 3


def refused(*words: Any) -> str:
    done = report(*words)
    assert (done.exit_code, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: ")
    return done.stderr


@pytest.mark.parametrize(("file", "content"), [
    ("run.json", b'{"schema_version": 99}'), ("run.json", b"[1, 2]"), ("run.json", b'{"schema_ver'),
    ("run.json", b'{"schema_version": 1, "plan": []}'), (f"{CELL}/cell.json", b"\xff\xfe\x00"),
    (f"{CELL}/requests.jsonl", b'{"half": \n'),
    (f"{CELL}/requests.jsonl", b'{"first_token_at_ns": "x"}\n'),
])  # fmt: skip
def test_a_file_that_is_wrong_is_one_line_and_2(run: Path, file: str, content: bytes) -> None:
    before = (run / file).read_bytes() if file.endswith("l") else b""
    (run / file).write_bytes(before + content)
    refused(run)


@pytest.mark.parametrize("changes", [
    {"window": {"start_ns": "soon", "end_ns": 5}}, {"connects": None, "connect_ms": 5.0},
    {"level_unit": "users", "levels": [1]},
])  # fmt: skip
def test_a_cell_that_is_none_is_named(run: Path, changes: dict[str, Any]) -> None:
    cell = read_json(run / CELL / "cell.json")
    write_json(run / CELL / "cell.json", {**cell, "achieved": {**cell["achieved"], **changes}})
    assert CELL in refused(run)


def test_what_is_no_results_directory_is_one_line_and_2(run: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for wrong in (tmp_path / "nowhere", tmp_path / "empty", run / CELL / "cell.json"):
        refused(wrong)
    assert report().exit_code == 2
    copy = shutil.copytree(run, tmp_path / "copy")
    assert f"{run / CELL} and {copy / CELL} hold the same measurement" in refused(run, copy)
    assert report(run, run / CELL).exit_code == 2


@pytest.mark.parametrize("missing", ["numpy", "scipy"])
def test_without_its_extra_it_says_so(run: Path, missing: str) -> None:
    code = f"import sys; sys.modules['{missing}'] = None; from reports.cli import main; main()"
    words = [sys.executable, "-c", code, run]
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, cwd=ROOT)
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert done.stderr.startswith(f"error: {missing} is not installed: pip install")


# -- disks


def test_output_that_cannot_be_is_2(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = report(run, "--output", tmp_path / "file" / "below")
    assert done.exit_code == 2
    assert "could not be written" in done.stderr


@pytest.mark.parametrize(("number", "code"), [
    (errno.ENOSPC, 1), (errno.EDQUOT, 1), (errno.EIO, 1), (errno.EACCES, 2),
])  # fmt: skip
def test_files_that_a_disk_does_not_take_leave_nothing_behind(
    run: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    before = sorted(path.name for path in run.iterdir())
    monkeypatch.setattr(os, "fsync", full)
    done = report(run)
    assert (done.exit_code, done.stderr.count("\n")) == (code, 1)
    assert done.stderr.startswith("error: the derived files could not be written")
    assert sorted(path.name for path in run.iterdir()) == before


def test_records_that_a_broken_disk_does_not_give_are_1(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error", "requests.jsonl")

    monkeypatch.setattr("reports.show.load", broken)
    done = report(run)
    assert (done.exit_code, done.stderr) == (1, "error: [Errno 5] Input/output error: 'requests.jsonl'\n")
