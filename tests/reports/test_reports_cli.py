"""``report`` as a user runs it: files, exit codes, one clear line for what is no results directory."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from reported import report
from reports.show import print_report
from support import ROOT, wait_until

FILES = ("systematic_results.json", "summary.csv", "report.md")
GOLDEN = Path(__file__).parent / "golden"
WORDS = [sys.executable, "-m", "reports"]


@pytest.fixture
def run(made: Any, tmp_path: Path) -> Path:
    folder: Path = made.run(tmp_path / "run", [made.spec()])
    return folder


def test_golden(sweep_dir: Path) -> None:
    """``UPDATE_GOLDEN=1 pytest`` writes the expected files anew; look at the difference."""
    assert report(sweep_dir).exit_code == 0
    for name in ("summary.csv", "report.md"):
        if os.environ.get("UPDATE_GOLDEN"):
            shutil.copy(sweep_dir / name, GOLDEN / name)
        assert (sweep_dir / name).read_text() == (GOLDEN / name).read_text()


def test_the_folder_of_runs_says_which_are_in_it_and_how_to_name_one(made: Any, tmp_path: Path) -> None:
    for at, name in ((0, "old"), (1, "a new one")):
        os.utime(made.run(tmp_path / name, [made.spec()]), (at, at))
    os.utime(made.cell(tmp_path / "mid", made.spec()), (0.5, 0.5))
    done = report(tmp_path)
    assert done.exit_code == 2
    assert done.stderr == (
        f"error: {tmp_path} is no run itself, it holds a new one, mid, old: name one, such as "
        f"report '{tmp_path}/a new one'\n"
    )


def test_same_input_same_bytes_however_it_is_called(run: Path, tmp_path: Path) -> None:
    def contents(folder: Path) -> list[bytes]:
        return [(folder / name).read_bytes() for name in FILES]

    first = report(run, "--output", tmp_path / "new" / "out")
    assert first.exit_code == 0
    assert not (run / "summary.csv").exists()
    text = StringIO()
    assert print_report(run, Console(file=text, width=80)) == 0
    assert text.getvalue() == first.stdout
    moved = tmp_path / "elsewhere" / "run"
    shutil.copytree(run, moved)
    report(moved)
    assert contents(tmp_path / "new" / "out") == contents(run) == contents(moved)
    assert json.loads(report(run, "--json").stdout) == json.loads((run / FILES[0]).read_text())


def test_two_directories_are_pooled_raw(made: Any, tmp_path: Path) -> None:
    """10 answers a second for 8 s and 40 for 2 s are 16 a second, not the mean of 10 and 40."""
    slow = made.spec(rps=10.0, seconds=8.0, ttft_ms=100.0)
    fast = made.spec(rps=40.0, seconds=2.0, ttft_ms=300.0, repeat=2)
    dirs = [made.run(tmp_path / f"{spec.repeat}", [spec]) for spec in (slow, fast)]
    done = report(*dirs, "--json", "--output", tmp_path / "out")
    assert done.exit_code == 0
    level = json.loads(done.stdout)["configurations"]["local"]["baseline"]["levels"]["10"]
    assert level["rps"]["value"] == 16.0
    pooled = sorted(r.ttft_ms for spec in (slow, fast) for r in made.records(spec))
    assert level["ttft_p50_ms"]["value"] == pytest.approx((pooled[79] + pooled[80]) / 2)
    assert len(list(csv.DictReader((tmp_path / "out" / "summary.csv").open()))) == 2


def test_several_directories_write_nothing_unasked(made: Any, tmp_path: Path) -> None:
    done = report(*(made.run(tmp_path / name, [made.spec(seed=n)]) for n, name in enumerate("ab")))
    assert done.exit_code == 0
    assert "--output" in done.stderr
    assert not list(tmp_path.rglob("summary.csv"))


def test_a_directory_given_twice_counts_once(run: Path) -> None:
    assert len(json.loads(report(run, run / ".." / run.name, "--json").stdout)["runs"]) == 1


@pytest.mark.parametrize(("shell", "code", "said"), [
    ('"$@" >&-', 0, ""), ('"$@" | true; exit ${PIPESTATUS[0]}', 0, ""),
    ('"$@" --json >/dev/full', 1, "error: it could not be printed: No space left on device\n"),
])  # fmt: skip
def test_a_screen_that_takes_nothing_keeps_no_file_back(run: Path, shell: str, code: int, said: str) -> None:
    words = ["bash", "-c", shell, "bash", *WORDS, str(run)]
    done = subprocess.run(words, stderr=subprocess.PIPE, text=True, timeout=60, cwd=ROOT)
    assert done.returncode == code
    assert done.stderr == said or (not code and "Error" not in done.stderr and "Traceback" not in done.stderr)
    assert all((run / name).is_file() for name in FILES)


@pytest.mark.parametrize(("achieved", "kept", "said"), [
    ({"requests": 100}, 20, "holds 20 measured requests, at the load's end there were 100 (records)"),
    ({"requests": 100, "records": 101}, 100, "holds 100 requests, at the load's end there were 101"),
    ({"requests": 100, "records": 100}, 100, ""),
])  # fmt: skip
def test_lost_records_are_a_failed_check(
    made: Any, tmp_path: Path, achieved: dict[str, int], kept: int, said: str
) -> None:
    cell = made.cell(tmp_path / "cell", made.spec(achieved=achieved))
    lines = (cell / "requests.jsonl").read_bytes().splitlines(keepends=True)
    (cell / "requests.jsonl").write_bytes(b"".join(lines[:kept]) + b'{"run": "r", "cell": "loc')  # a kill
    done = report(cell)
    assert done.exit_code == (3 if said else 0)
    assert said in " ".join(done.stdout.split())
    (cell / "requests.jsonl").unlink()
    done = report(cell)
    assert (done.exit_code, done.stderr) == (2, f"error: {cell / 'requests.jsonl'} is missing\n")


def test_interrupted_is_130(run: Path) -> None:
    """Ctrl-C while it reads: the records are a pipe, so it is known to be at work."""
    pipe = run / "cells/local/baseline/c10-r1/requests.jsonl"
    pipe.unlink()
    os.mkfifo(pipe)
    process = subprocess.Popen([*WORDS, run], stderr=subprocess.PIPE, text=True, cwd=ROOT)
    try:
        writer = wait_until(lambda: os.open(pipe, os.O_WRONLY | os.O_NONBLOCK))  # once it is read
        process.send_signal(signal.SIGINT)
        _, said = process.communicate(timeout=60)
        os.close(writer)
    finally:
        process.kill()
    assert (process.returncode, said) == (130, "report: interrupted\n")
