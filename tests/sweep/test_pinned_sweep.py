"""A small sweep whose load and target have CPUs of their own, as a user starts it."""

import json
from pathlib import Path
from typing import Any

import pytest

from records.services.variants import MOCKS
from support import sweep
from sweep import cli
from sweep.planning.plan import Plan
from sweep.running import cpus
from sweep_world import plan_of


@pytest.mark.parametrize("text", ["0:0", "0:99999", "sometimes", "0:", "0-1:1-2"])
def test_cpus_that_cannot_be_divided_so_are_one_line_and_exit_code_2(here: Any, text: str) -> None:
    done = here(cli.main, "--cpus", text, "--plan-only")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: --cpus ")
    assert done.stderr.count("\n") == 1


def test_a_run_whose_cpus_are_not_there_any_more_is_not_resumed(here: Any, tmp_path: Path) -> None:
    run = tmp_path / "run"
    run.mkdir()
    plan = {
        "name": "t", "targets": [{"label": "local", "spec": "local"}], "configs": ["mock-both"],
        "levels": [1], "auto": False, "cpus": "0:99999",
    }  # fmt: skip
    (run / "run.json").write_text(json.dumps({"schema_version": 1, "plan": plan, "status": "interrupted"}))
    done = here(cli.main, "--resume", str(run))
    assert done.returncode == 2, done.stderr
    assert done.stderr.count("\n") == 1
    assert "not usable here" in done.stderr or "needs Linux" in done.stderr


@pytest.mark.skipif(len(cpus.available()) < 2 or not cpus.PINS, reason="one CPU, or none can be chosen")
def test_the_load_and_the_target_are_kept_apart_and_the_cell_tells_it(
    tmp_path: Path, knowledge: Path, indexes: Path
) -> None:
    first, *others = cpus.available()
    args = ["--config", "mock-both", "--concurrency", "1", "--requests", "20", "--repeats", "1"]
    args += ["--set", f"KNOWLEDGE_BASE_DIR={knowledge}", "--set", f"CACHE_DIR={indexes / 'chokepoint'}"]
    done = sweep(*args, cwd=tmp_path)
    assert done.returncode in (0, 3), done.stderr  # 3: too busy a machine for a valid cell
    [run] = tmp_path.glob("results/*")
    assert json.loads((run / "run.json").read_text())["plan"]["cpus"] == "auto"
    cell = json.loads((run / "cells/local/mock-both/c01-r1/cell.json").read_text())
    realtime = cpus.may_be_realtime()
    division = {"mode": "auto", "load": [first], "target": others, "realtime": realtime}
    assert cell["requested"]["cpus"] == division
    assert cell["settings"]["TORCH_THREADS"] == len(others)
    checks = {check["name"]: check["status"] for check in cell["verdict"]["checks"]}
    assert checks["configuration"] == "pass"
    assert checks["machine-noise"] in ("pass", "n/a")
    known = Path("/proc/self/schedstat").exists()
    assert (cell["achieved"]["noise"]["target_delay_percent"] is not None) == known


def test_a_plan_from_before_the_option_is_resumed_with_shared_cpus() -> None:
    plan = plan_of("local", variants=(MOCKS["mock-both"],), cpus="0:1")
    raw = plan.to_json()
    assert Plan.from_json(raw) == plan
    del raw["cpus"]
    assert Plan.from_json(raw).cpus == "shared"
