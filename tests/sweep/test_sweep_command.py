"""``sweep`` as its user meets it: nonsense, a plan, a real small sweep, a kill and a resume."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from sweep.processes import PROJECT

LIMIT = 110


def _sweep(*args: str, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "PYTHONPATH": str(PROJECT), **environment}
    return subprocess.run(
        [sys.executable, "-m", "sweep", *args],
        cwd=cwd,
        env=env,
        capture_output=True,
        text=True,
        timeout=LIMIT,
    )


@pytest.mark.parametrize(
    "args",
    [
        ["--config", "nonsense"],
        ["--concurrency", "many"],
        ["--concurrency", "0"],
        ["--budget", "soon"],
        ["--deployment", "moon"],
        ["--set", "nonsense"],
        ["--name", "../up"],
        ["--requests", "0"],
        ["--no-such-flag"],
        ["--resume", "nowhere"],
        ["--deployment", "url:http://127.0.0.1:9", "--set", "RETRIEVAL=async"],
    ],
)
def test_nonsense_is_one_line_and_exit_code_2(args: list[str], tmp_path: Path) -> None:
    done = _sweep(*args, cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stderr.strip()
    assert not (tmp_path / "results").exists()


def test_a_plan_starts_nothing(tmp_path: Path) -> None:
    done = _sweep(
        "--plan-only", "--concurrency", "1,2", cwd=tmp_path, MAX_CONCURRENT="1", TOTAL_REQUESTS="30"
    )
    assert done.returncode == 0, done.stderr
    assert "local/baseline/c01-r1  30 requests" in done.stdout
    assert "8 cells" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_setting_of_the_target_is_refused(tmp_path: Path) -> None:
    done = _sweep("--config", "mock-both", "--concurrency", "1", "--set", "RETREIVAL=async", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "RETREIVAL" in done.stderr


def test_a_service_that_is_not_there_is_a_usage_error(tmp_path: Path) -> None:
    done = _sweep("--deployment", "url:http://127.0.0.1:9", "--concurrency", "1", cwd=tmp_path)
    assert done.returncode == 2, done.stderr
    assert "nothing answers" in done.stderr


def test_killed_in_the_middle_it_is_resumed_and_leaves_nothing(tmp_path: Path) -> None:
    env = {**os.environ, "PYTHONPATH": str(PROJECT)}
    args = ["--config", "mock-both", "--concurrency", "1,2", "--requests", "20", "--repeats", "1"]
    killed = subprocess.Popen(
        [sys.executable, "-m", "sweep", *args],
        cwd=tmp_path,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    run = _wait_for_second_cell(tmp_path)
    pids = [json.loads(line)["pid"] for line in (run / "processes.jsonl").read_text().splitlines()]
    killed.send_signal(signal.SIGKILL)
    killed.wait(20)
    done_before = {p: p.stat().st_mtime_ns for p in run.glob("cells/*/*/*/locust.log")}
    resumed = _sweep("--resume", str(run), cwd=tmp_path)
    assert resumed.returncode == 0, resumed.stderr + resumed.stdout
    assert {p: p.stat().st_mtime_ns for p in done_before} == done_before
    cells = sorted(
        p.parent.name for p in run.glob("cells/*/*/*/cell.json") if ".partial" not in p.parent.name
    )
    assert cells == ["c01-r1", "c02-r1"]
    for path in run.glob("cells/*/*/*/cell.json"):
        if ".partial" not in path.parent.name:
            assert json.loads(path.read_text())["complete"]
            assert (path.parent / "profile.jsonl").exists()
            assert (path.parent / "target.log").exists()
    assert (run / "summary.csv").exists()
    assert json.loads((run / "run.json").read_text())["status"] == "complete"
    pids += [json.loads(line)["pid"] for line in (run / "processes.jsonl").read_text().splitlines()]
    assert [pid for pid in pids if _ours(pid, run)] == []


def _wait_for_second_cell(tmp_path: Path) -> Path:
    ends = time.monotonic() + LIMIT / 2
    while time.monotonic() < ends:
        for run in tmp_path.glob("results/*"):
            if len(list(run.glob("cells/*/*/*/requests.jsonl"))) == 2:
                return run
        time.sleep(0.05)
    pytest.fail("the second cell did not begin in time")


def _ours(pid: int, run: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and str(run.name) in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False
