"""``sweep`` as its user meets it: nonsense, a plan, a real small sweep, a kill and a resume."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import click
import psutil
import pytest
from rich.console import Console

from records.cells.folders import cell_directories
from records.evidence.inside import read_inside
from records.evidence.inside_span import summary
from records.services.variants import MOCKS
from support import environment, rows, sweep, sweep_ended_well, wait_until
from sweep import cli
from sweep.measuring import whole
from sweep.measuring.directory import alone, create
from sweep.planning.plan import Plan
from sweep.running import cpus
from sweep_world import plan_of

LIMIT = 300


@pytest.fixture(autouse=True)
def _little_knowledge(knowledge: Path, indexes: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that a first start has an index at once."""
    monkeypatch.setenv("KNOWLEDGE_BASE_DIR", str(knowledge))
    monkeypatch.setenv("XDG_CACHE_HOME", str(indexes))


@pytest.mark.parametrize("args", [
    ["--config", "non/sense"], ["--config", "a:RETRIEVAL=async", "--deployment", "url:http://127.0.0.1:9"],
    ["--reference", "nobody"], ["--grid", "sise=1"], ["--scenario", "moon"], ["--concurrency", "many"],
    ["--concurrency", "0"], ["--budget", "soon"], ["--deployment", "moon"], ["--set", "nonsense"],
    ["--name", "../up"], ["--requests", "0"], ["--no-such-flag"], ["--resume", "nowhere"],
    ["--deployment", "url:http://127.0.0.1:9", "--set", "RETRIEVAL=async"], ["--cpus", "0:99999"],
    ["--deployment", "url:http://127.0.0.1:9", "--concurrency", "1"], ["--deployment", "url:http://[::1"],
    ["--regions", "eu"], ["--regions", "eu=1ms,us=2ms", "--concurrency", "1"], ["--", os.fsdecode(b"\xff")],
    ["TARGET_API_KEY=secret\nX: y"], ["OPENAI_BASE_URL=http://me:secret@127.0.0.1:1/v1"],
    ["OPENAI_BASE_URL=http://127.0.0.1:1/v1?api-key=secret"], ["K8S_BASE_URL=http://me:secret@127.0.0.1:1"],
])  # fmt: skip
def test_nonsense_is_one_line_and_exit_code_2_and_no_secret_is_shown(
    here: Any, args: list[str], tmp_path: Path
) -> None:
    name, is_given, value = args[0].partition("=")
    done = here(cli.main, **{name: value}) if is_given else here(cli.main, *args)
    assert (done.returncode, done.stdout, done.stderr.count("\n")) == (2, "", 1)
    assert done.stderr.startswith("error: ")
    assert "secret" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_busy_run_is_said_to_be_busy_and_nothing_else(here: Any, tmp_path: Path) -> None:
    run = create(tmp_path, "t", plan_of("local", variants=(MOCKS["mock-both"],)))
    (run / "cells/local/mock-both/c01-r1").mkdir(parents=True)
    (run / "cells/local/mock-both/c01-r1/cell.json").write_text("{}")
    before = (run / "run.json").read_bytes()
    with alone(run):
        done = here(cli.main, "--resume", str(run))
    assert (done.returncode, done.stderr) == (2, f"error: another sweep is at work in {run}\n")
    assert (run / "run.json").read_bytes() == before


@pytest.mark.parametrize(("changes", "given", "why"), [
    ({"cpus": "0:99999"}, [], "99999 is not usable here|needs Linux"),
    ({}, ["TARGET_API_KEY"], "error: --resume: this run was begun with TARGET_API_KEY"),
])  # fmt: skip
def test_a_run_is_not_resumed_without_what_it_had(
    here: Any, tmp_path: Path, changes: Any, given: list[str], why: str
) -> None:
    run = create(tmp_path, "t", plan_of("local", variants=(MOCKS["mock-both"],), **changes), given)
    done = here(cli.main, "--resume", str(run))
    assert (done.returncode, done.stderr.count("\n")) == (2, 1)
    assert re.search(why, done.stderr)


def test_a_reader_that_has_left_changes_no_exit_code(tmp_path: Path) -> None:
    assert _unread("--no-such-flag", cwd=tmp_path) == 2
    closed = [shutil.which("sh") or "sh", "-c", f"{sys.executable} -m sweep --plan-only >&-"]
    done = subprocess.run(closed, cwd=tmp_path, env=environment(), capture_output=True, timeout=LIMIT)
    assert (done.returncode, done.stderr) == (0, b"")


def _unread(*args: str, cwd: Path) -> int:
    """The exit code where nobody reads what is written, as behind ``2>&1 | true``."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        given: Any = {"cwd": cwd, "env": environment(), "stdout": writer, "stderr": writer, "timeout": LIMIT}
        return subprocess.run([sys.executable, "-m", "sweep", *args], **given).returncode
    finally:
        os.close(writer)


_RESUME = ["--resume", "nowhere"]


@pytest.mark.parametrize(("words", "why"), [
    ([*_RESUME, "--config", "baseline"], "leave out --config$"), ([*_RESUME, "--set", "A=b"], "out --set$"),
    ([*_RESUME, "--", "--path", "/x"], "leave out what follows --$"),
    (["--rate=20"], "--rate is a factor: --grid rate=N,N measures an open loop"),
    (["--think-time=1"], "--think-time is an option of the load: write it after --, not before it"),
    (["--thinking=1"], r"\(options of the load go after --\)"),
    (["-u", "3"], "-u is no option of sweep: the numbers of users are what --concurrency says"),
    (["--run-time=9s"], "--run-time is no option of sweep: a cell's length is what --requests N"),
    (["--", "--repeats", "3"], "--repeats is an option of sweep itself: write it before --, not after it"),
    (["--", "--budget=9s"], "--budget is an option of sweep itself: write it before --"),
    (["--fix", "gc-pauses:A=b"], "--fix says what --try-fixes tries: give both"),
    (["--try-fixes", "--fix", "A=b"], "--fix takes CODE:KEY=VALUE"),
    (["--try-fixes", "nowhere"], "--try-fixes nowhere: "),
    (["--try-fixes", "nowhere", "--concurrency", "5"], "takes the run's own plan; leave out --concurrency"),
    ([*_RESUME, "--try-fixes"], "takes the run's own plan; leave out --try-fixes"),
])  # fmt: skip
def test_what_does_not_go_together_is_refused_by_its_own_name(here: Any, words: list[str], why: str) -> None:
    done = here(cli.main, *words)
    assert done.returncode == 2
    assert re.search(why, done.stderr, re.MULTILINE)


def test_a_plan_is_in_the_order_of_the_sweep_and_starts_nothing(here: Any, tmp_path: Path) -> None:
    done = here(cli.main, "--plan-only")
    lines = done.stdout.splitlines()
    onward = next(i for i, line in enumerate(lines) if line.startswith("then, while throughput grows"))
    assert {line.split()[0].rpartition("/")[2] for line in lines[:onward]} == {"c01-r1", "c10-r1", "c20-r1"}
    assert onward < next(i for i, line in enumerate(lines) if line.startswith("repeat 2: each knee"))
    estimate = "about 8 minutes in all (an estimate, with the starts of targets)"
    assert lines[-1] == f"about 48 cells of 3 to 8 s, {estimate}, at most 330 s; nothing was started"
    words = ("--plan-only", "--concurrency", "1,2")
    done = here(cli.main, *words, MAX_CONCURRENT="1", TOTAL_REQUESTS="30")
    assert done.returncode == 0, done.stderr
    cells = [line.split()[:3] for line in done.stdout.splitlines() if " requests" in line]
    assert [cell[0][-2:] for cell in cells] == ["r1"] * 4 + ["r2"] * 4
    assert ["local/baseline/c01-r1", "30", "requests"] in cells
    assert list(tmp_path.iterdir()) == []


def test_killed_in_the_middle_it_is_resumed_and_leaves_nothing(tmp_path: Path) -> None:
    args = ["--config", "mock-both", "--concurrency", "1,2", "--requests", "20", "--repeats", "1"]
    with subprocess.Popen(
        [sys.executable, "-m", "sweep", *args], cwd=tmp_path, env=environment(), stderr=subprocess.DEVNULL
    ) as killed:
        wait_until(lambda: len(list(tmp_path.glob("results/*/cells/*/*/*/requests.jsonl"))) == 2, LIMIT / 2)
        [run] = tmp_path.glob("results/*")
        pids = [one["pid"] for one in rows(run / "processes.jsonl")]
        killed.kill()
    done_before = {p: p.stat().st_mtime_ns for p in run.glob("cells/*/*/*/locust.log")}
    resumed = sweep("--resume", str(run), cwd=tmp_path)
    assert sweep_ended_well(resumed.returncode, run), resumed.stderr + resumed.stdout
    assert "\nstarting mock-both (local), repeat 1\n" in resumed.stderr
    assert "\nall targets are ready, " in resumed.stderr
    assert {p: _first_try(p.parent, p.name).stat().st_mtime_ns for p in done_before} == done_before
    assert [cell.name for cell in cell_directories(run)] == ["c01-r1", "c02-r1"]
    for cell in cell_directories(run):
        _is_whole(cell, run)
    assert json.loads((run / "run.json").read_text())["status"] == "complete"
    pids += [one["pid"] for one in rows(run / "processes.jsonl")]
    assert [pid for pid in pids if _ours(pid, run)] == []
    # Once more, with nothing left to measure and nobody who reads: the report's files are still written.
    (run / "summary.csv").unlink()
    assert _unread("--resume", str(run), cwd=tmp_path) == resumed.returncode
    assert (run / "summary.csv").exists()


def _is_whole(cell: Path, run: Path) -> None:
    facts = json.loads((cell / "cell.json").read_text())
    assert facts["complete"]
    assert (cell / "profile.jsonl").exists()
    assert (cell / "target.log").exists()
    asked = rows(cell / "requests.jsonl")
    assert {one["run"] for one in asked} == {run.name}
    start_ns, end_ns = min(one["sent_at_ns"] for one in asked), max(one["ended_at_ns"] for one in asked)
    seen = read_inside(cell / "inside.jsonl")
    assert all(start_ns <= sample.at_ns <= end_ns for sample in seen)
    inside = summary(seen, start_ns, end_ns)
    assert inside is not None
    assert (inside.of, inside.errors) == ("request", 0)
    first, *others = cpus.available()
    if others and cpus.PINS:  # the load and the target are kept apart, and the cell tells it
        division = {"load": [first], "target": others, "realtime": cpus.may_be_realtime()}
        division |= {} if division["realtime"] else {"realtime_refused": True}
        assert facts["requested"]["cpus"] == {"mode": "auto", **division}
        assert facts["settings"]["TORCH_THREADS"] == len(others)
        checks = {check["name"]: check["status"] for check in facts["verdict"]["checks"]}
        assert (checks["configuration"], checks["machine-noise"] in ("pass", "n/a")) == ("pass", True)
        known = Path("/proc/self/schedstat").exists()
        assert (facts["achieved"]["noise"]["target_delay_percent"] is not None) == known


def _first_try(cell: Path, name: str) -> Path:
    """A file of a cell's first measurement, also where a busy machine spoiled it and it was repeated."""
    earlier = cell.with_name(f"{cell.name}.try-1")
    return (earlier if earlier.exists() else cell) / name


def _ours(pid: int, run: Path) -> bool:
    try:
        process = psutil.Process(pid)
        return process.status() != psutil.STATUS_ZOMBIE and str(run.name) in " ".join(process.cmdline())
    except psutil.NoSuchProcess:
        return False


def test_an_interrupt_before_the_first_cell_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(directory: Path, plan: Plan, console: Console) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(whole, "_measure", interrupted)
    for arguments in (["--output", str(tmp_path)], ["--resume"]):
        runs = [str(run) for run in tmp_path.iterdir()]
        with pytest.raises((KeyboardInterrupt, click.Abort)):
            cli.command.main([*arguments, *runs], prog_name="sweep", standalone_mode=False)
        [run] = tmp_path.iterdir()
        facts = json.loads((run / "run.json").read_text())
        assert facts["status"] == "interrupted"
        (run / "run.json").write_text(json.dumps({**facts, "status": "running"}))
