"""A disk that is full, or broken, is nobody's wrong usage: one line, exit code 1, nothing half written."""

import errno
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from reports.cli import main


@pytest.mark.parametrize(("number", "code"), [
    (errno.ENOSPC, 1), (errno.EDQUOT, 1), (errno.EIO, 1), (errno.EACCES, 2),
])  # fmt: skip
def test_files_that_a_disk_does_not_take_leave_nothing_behind(
    sweep_dir: Path, monkeypatch: pytest.MonkeyPatch, number: int, code: int
) -> None:
    before = sorted(path.name for path in sweep_dir.iterdir())

    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", full)
    done = CliRunner().invoke(main, [str(sweep_dir)])
    assert done.exit_code == code
    [line] = done.stderr.splitlines()
    assert line.startswith("error: the derived files could not be written")
    assert sorted(path.name for path in sweep_dir.iterdir()) == before


def test_records_that_a_broken_disk_does_not_give_are_1(
    sweep_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error", "requests.jsonl")

    monkeypatch.setattr("reports.show.load", broken)
    done = CliRunner().invoke(main, [str(sweep_dir)])
    assert done.exit_code == 1
    assert done.stderr == "error: [Errno 5] Input/output error: 'requests.jsonl'\n"


def test_a_closed_standard_output_changes_no_exit_code(sweep_dir: Path) -> None:
    words = [sys.executable, "-m", "reports", str(sweep_dir)]
    root = Path(__file__).parents[2]
    done = subprocess.run(
        ["sh", "-c", 'exec "$@" >&-', "sh", *words], stderr=subprocess.PIPE, text=True, timeout=60, cwd=root
    )
    assert done.returncode == 0
    assert "Traceback" not in done.stderr
    assert (sweep_dir / "report.md").is_file()
