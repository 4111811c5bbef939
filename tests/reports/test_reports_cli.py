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
from support import ROOT

FILES = ("systematic_results.json", "summary.csv", "report.md")
GOLDEN = Path(__file__).parent / "golden"


def rows_of(directory: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(StringIO((directory / "summary.csv").read_text())))


@pytest.mark.parametrize("name", ["summary.csv", "report.md"])
def test_golden(sweep_dir: Path, name: str) -> None:
    """``UPDATE_GOLDEN=1 pytest`` writes the expected files anew; look at the difference."""
    assert report(sweep_dir).exit_code == 0
    golden = GOLDEN / name
    if os.environ.get("UPDATE_GOLDEN"):
        golden.parent.mkdir(exist_ok=True)
        shutil.copy(sweep_dir / name, golden)
    assert (sweep_dir / name).read_text() == golden.read_text()


def test_the_folder_of_runs_says_which_are_in_it_and_how_to_name_one(made: Any, tmp_path: Path) -> None:
    for n, name in enumerate(("old", "a new one")):
        run = made.run(tmp_path / name, [made.spec()])
        os.utime(run, (n, n))
    made.cell(tmp_path / "mid", made.spec())
    os.utime(tmp_path / "mid", (0.5, 0.5))
    done = report(tmp_path)
    assert done.exit_code == 2
    assert done.stderr == (
        f"error: {tmp_path} is no run itself, it holds a new one, mid, old: name one, such as "
        f"report '{tmp_path}/a new one'\n"
    )
    assert "there is no folder" in report(tmp_path / "none").stderr


def test_same_input_same_bytes(sweep_dir: Path, tmp_path: Path) -> None:
    first = report(sweep_dir)
    once = [(sweep_dir / name).read_bytes() for name in FILES]
    second = report(sweep_dir)
    assert once == [(sweep_dir / name).read_bytes() for name in FILES]
    assert first.stdout == second.stdout
    moved = tmp_path / "elsewhere" / "run"
    shutil.copytree(sweep_dir, moved)
    report(moved)
    assert once == [(moved / name).read_bytes() for name in FILES]


def test_json_alone_on_stdout(sweep_dir: Path) -> None:
    done = report(sweep_dir, "--json")
    printed = json.loads(done.stdout)
    assert printed == json.loads((sweep_dir / "systematic_results.json").read_text())
    known = "schema_version runs configurations comparisons knees latency_breakdowns verdicts"
    assert set(known.split()) <= set(printed)


def test_output_elsewhere_leaves_the_run_alone(sweep_dir: Path, tmp_path: Path) -> None:
    assert report(sweep_dir, "--output", tmp_path / "new" / "out").exit_code == 0
    assert all((tmp_path / "new" / "out" / name).is_file() for name in FILES)
    assert not (sweep_dir / "summary.csv").exists()


def test_print_report_is_the_same(sweep_dir: Path) -> None:
    text = StringIO()
    assert print_report(sweep_dir, Console(file=text, width=80)) == 0
    assert text.getvalue() == report(sweep_dir).stdout
    assert (sweep_dir / "report.md").is_file()


def test_a_single_cell(made: Any, tmp_path: Path) -> None:
    cell = made.cell(tmp_path / "cell", made.spec(rps=20.0, seconds=5.0))
    assert report(cell).exit_code == 0
    assert [row["rps"] for row in rows_of(cell)] == ["20.000"]


def test_two_directories_are_pooled_raw(made: Any, tmp_path: Path) -> None:
    """10 answers a second for 8 s and 40 for 2 s are 16 a second, not the mean of 10 and 40."""
    slow, fast = (
        made.spec(rps=10.0, seconds=8.0, ttft_ms=100.0),
        made.spec(rps=40.0, seconds=2.0, ttft_ms=300.0, repeat=2),
    )
    dirs = [made.run(tmp_path / name, [spec]) for name, spec in (("a", slow), ("b", fast))]
    done = report(*dirs, "--json", "--output", tmp_path / "out")
    assert done.exit_code == 0
    level = json.loads(done.stdout)["configurations"]["local"]["baseline"]["levels"]["10"]
    assert level["rps"]["value"] == 16.0
    pooled = sorted(r.ttft_ms for spec in (slow, fast) for r in made.records(spec))
    assert level["ttft_p50_ms"]["value"] == pytest.approx((pooled[79] + pooled[80]) / 2)
    assert len(rows_of(tmp_path / "out")) == 2


def test_several_directories_write_nothing_unasked(made: Any, tmp_path: Path) -> None:
    dirs = [made.run(tmp_path / name, [made.spec(seed=n)]) for n, name in enumerate("ab")]
    done = report(*dirs)
    assert done.exit_code == 0
    assert "--output" in done.stderr
    assert not list(tmp_path.rglob("summary.csv"))


def test_a_directory_given_twice_counts_once(sweep_dir: Path) -> None:
    done = report(sweep_dir, sweep_dir / ".." / sweep_dir.name, "--json")
    assert len(json.loads(done.stdout)["runs"]) == 1


def test_a_reader_that_went_away_is_no_fault(sweep_dir: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "reports", sweep_dir], stdout=writing, stderr=subprocess.PIPE,
            text=True, timeout=60, check=False, cwd=ROOT,
        )  # fmt: skip
    finally:
        os.close(writing)
    assert done.returncode == 0
    assert "Error" not in done.stderr
    assert (sweep_dir / "report.md").is_file()


def test_a_full_screen_is_1_and_the_files_are_there(sweep_dir: Path) -> None:
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(
            [sys.executable, "-m", "reports", "--json", sweep_dir], stdout=full, stderr=subprocess.PIPE,
            text=True, timeout=60, check=False, cwd=ROOT,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr == "error: it could not be printed: No space left on device\n"
    assert all((sweep_dir / name).is_file() for name in FILES)


def test_lost_records_are_a_failed_check(made: Any, tmp_path: Path) -> None:
    cell = made.cell(tmp_path / "cell", made.spec(rps=20.0, seconds=5.0, achieved={"requests": 100}))
    assert report(cell).exit_code == 0
    lines = (cell / "requests.jsonl").read_bytes().splitlines(keepends=True)
    (cell / "requests.jsonl").write_bytes(b"".join(lines[:20]))
    done = report(cell)
    assert done.exit_code == 3
    assert "0 of 1 cells are valid" in done.stdout
    said = " ".join(done.stdout.split())
    assert "requests.jsonl holds 20 measured requests, at the load's end there were 100 (records)" in said
    (cell / "requests.jsonl").unlink()
    done = report(cell)
    assert done.exit_code == 2
    assert done.stderr == f"error: {cell / 'requests.jsonl'} is missing\n"


def test_lost_records_that_were_not_measured_are_a_failed_check(made: Any, tmp_path: Path) -> None:
    spec = made.spec(rps=20.0, seconds=5.0, achieved={"requests": 100, "records": 101})
    cell = made.cell(tmp_path / "cell", spec)
    done = report(cell)
    assert done.exit_code == 3
    said = " ".join(done.stdout.split())
    assert "requests.jsonl holds 100 requests, at the load's end there were 101 (records)" in said


def test_interrupted_is_130(made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while it reads."""

    def interrupted(*_: Any) -> None:
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr("reports.show.read_run", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # however the tests were started
    try:
        done = report(made.run(tmp_path / "run", [made.spec()]))
    finally:
        signal.signal(signal.SIGINT, before)
    assert (done.exit_code, done.stderr) == (130, "report: interrupted\n")


def test_a_line_cut_off_by_a_kill_is_left_out(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec(rps=20.0)])
    with (run / "cells/local/baseline/c10-r1/requests.jsonl").open("ab") as file:
        file.write(b'{"run": "r", "cell": "loc')
    assert report(run).exit_code == 0
    assert rows_of(run)[0]["rps"] == "20.000"
