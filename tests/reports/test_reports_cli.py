"""``report`` as a user runs it: files, exit codes, one clear line for what it cannot read or write."""

import csv
import errno
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

from records.files import read_json, write_json
from reported import report, rewritten
from reports.show import print_report
from support import ROOT

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


@pytest.mark.skipif(not os.path.exists("/proc/self/task"), reason="no Linux")
def test_no_thread_waits_beside_a_report_for_products_that_are_small(run: Path) -> None:
    code = """import os
from reports.cli import main
try:
    main()
finally:
    print("threads:", len(os.listdir("/proc/self/task")))"""
    environment = {name: text for name, text in os.environ.items() if name != "OPENBLAS_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", code, run],
        cwd=ROOT,
        env=environment,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert done.stdout.endswith("threads: 1\n")


def test_same_input_same_bytes_however_it_is_called(run: Path, tmp_path: Path) -> None:
    def contents(folder: Path) -> list[bytes]:
        return [(folder / name).read_bytes() for name in FILES]

    first = report(run, "--output", tmp_path / "new" / "out")
    assert first.exit_code == 0
    assert not (run / "summary.csv").exists()
    text = StringIO()
    assert print_report(run, Console(file=text, width=80)).exit_code == 0
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
    ({"requests": 100}, 20, "holds 20 measured requests, at the load's end there were 100"),
    ({"requests": 100, "records": 101}, 100, "holds 100 requests, at the load's end there were 101"),
    ({"requests": 100, "records": 100, "rps": 12.5}, 100, "at the load's end it was 12.500"),
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


def test_interrupted_is_130(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C while it reads."""
    monkeypatch.setattr("reports.show.read_run", lambda *_: signal.raise_signal(signal.SIGINT))
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # however the tests were started
    try:
        done = report(run)
    finally:
        signal.signal(signal.SIGINT, before)
    assert (done.exit_code, done.stderr) == (130, "report: interrupted\n")


CELL = "cells/local/baseline/c10-r1"


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
    rewritten(copy, lambda line, _: line.update(sent_at_ns=line["sent_at_ns"] - 1))
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


def test_a_folder_where_a_derived_file_goes_is_1_and_one_line_without_a_number(run: Path) -> None:
    (run / "report.md").mkdir()
    done = report(run)
    said = f"error: the derived files could not be written: {run / 'report.md'} is a directory\n"
    assert (done.exit_code, done.stderr) == (1, said)


def test_output_that_cannot_be_is_2(run: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = report(run, "--output", tmp_path / "file" / "below")
    assert done.exit_code == 2
    assert "could not be written" in done.stderr


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EACCES])
def test_files_that_a_disk_does_not_take_leave_nothing_behind(
    run: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def full(_: int) -> None:
        raise OSError(number, os.strerror(number))

    before = sorted(path.name for path in run.iterdir())
    monkeypatch.setattr(os, "fsync", full)
    done = report(run)
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert done.stderr.startswith("error: the derived files could not be written")
    assert sorted(path.name for path in run.iterdir()) == before


def test_records_that_a_broken_disk_does_not_give_are_1(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise OSError(errno.EIO, "Input/output error", "requests.jsonl")

    monkeypatch.setattr("reports.show.load", broken)
    done = report(run)
    assert (done.exit_code, done.stderr) == (1, "error: requests.jsonl: input/output error\n")
