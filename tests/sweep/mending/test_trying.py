"""``sweep --try-fixes`` as its user meets it."""

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from records.exit_codes import INVALID
from support import sweep, sweep_ended_well
from sweep import cli
from sweep.measuring.directory import create
from sweep.mending import trying
from sweep_world import plan_of


def test_a_run_without_findings_has_no_fix_and_that_is_no_mistake(here: Any, tmp_path: Path) -> None:
    run = create(tmp_path, "t", plan_of("local"))
    done = here(cli.main, "--try-fixes", str(run))
    told = done.stdout
    assert done.returncode == 0
    assert told.startswith("no fix to try: ")
    assert told.count("\n") == 1
    assert list(tmp_path.iterdir()) == [run]
    done = here(cli.main, "--plan-only", "--config", "mock-both", "--concurrency", "1", "--try-fixes")
    assert done.stdout.splitlines()[-1] == "then, of what is found, up to 3 fixes"


def test_where_nothing_is_valid_nothing_can_be_found(
    here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = create(tmp_path, "t", plan_of("local"))
    judged = SimpleNamespace(levels=(SimpleNamespace(valid_cells=()),), exit_code=INVALID)
    monkeypatch.setattr(trying, "_analysis", lambda _: judged)
    done = here(cli.main, "--try-fixes", str(run))
    assert (done.returncode, done.stdout.count("\n")) == (INVALID, 1)
    assert done.stdout.startswith("no fix to try: no measurement of this run is valid")


@pytest.mark.parametrize(("words", "same"), [((), False), (("--seed", "3"), True)])
def test_what_tries_fixes_has_a_seed_of_its_own(
    here: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], same: bool
) -> None:
    """A cache may know what the run asked whose findings are mended."""
    plan, begun = plan_of("local", seed=3), []
    run = create(tmp_path, "t", plan)
    monkeypatch.setattr(trying, "_analysis", lambda _: SimpleNamespace(levels=()))
    monkeypatch.setattr(trying, "fixing_plan", lambda *_, **__: plan)
    monkeypatch.setattr(trying, "_check", lambda _: None)
    monkeypatch.setattr(trying, "announced", lambda *_, **__: [])
    monkeypatch.setattr(trying.whole, "run_new", lambda _, found: (begun.append(found.seed), 0))
    monkeypatch.setattr(cli, "drawn", lambda: 4)
    here(cli.main, "--try-fixes", str(run), *words)
    assert begun == [3 if same else 4]


APP = """
import asyncio, json, os, time
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

EVENTS = [{"type": "token", "content": "word "}] * 4 + [{"type": "complete"}, {"type": "end"}]
app = FastAPI()

async def stream():
    time.sleep(0.05) if os.environ["CALL"] == "blocking" else await asyncio.sleep(0.05)
    for event in EVENTS:
        yield f"data: {json.dumps(event)}\\n\\n"

@app.api_route("/{path:path}", methods=["GET", "POST"])
async def answer(path):
    return StreamingResponse(stream(), media_type="text/event-stream")
"""
"""Anybody's app whose call holds the event loop, or does not."""


def test_a_blocked_loop_is_found_mended_and_measured(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(APP)
    command = f"{sys.executable} -m uvicorn mine:app --port {{port}} --log-level warning"
    words = ["--deployment", f"mine=run:{command}", "--config", "slow:CALL=blocking"]
    words += ["--concurrency", "8", "--repeats", "1", "--requests", "10", "--no-probes"]
    words += ["--try-fixes", "--fix", "event-loop-blocked:CALL=async"]
    done = sweep(*words, "--", "--no-rag", "--min-seconds", "1", cwd=tmp_path)
    first, *others = sorted(tmp_path.glob("results/*"))
    if not others:  # a busy machine spoiled what the finding would rest on
        assert sweep_ended_well(3, first), done.stdout + done.stderr
        pytest.skip("this machine is too busy")
    [second] = others
    assert done.returncode == 0 or sweep_ended_well(done.returncode, second), done.stderr
    assert "trying 2 fixes beside slow of mine at 8 users:\n" in done.stderr
    assert "  fix-event-loop-blocked: CALL=async" in done.stderr
    cells = {path.parent.name for path in second.glob("cells/mine/*/c08-r1")}
    assert cells == {"slow", "fix-event-loop-blocked", "fix-event-loop-blocked-2"}
    fix, of_uvicorn = json.loads((second / "systematic_results.json").read_text())["fixes"]
    assert (fix["code"], fix["settings"]) == ("event-loop-blocked", {"CALL": "async"})
    assert set(of_uvicorn["settings"]) == {"WEB_CONCURRENCY"}
    if done.returncode == 0:
        assert fix["rps"]["low"] > 1.5  # of 8 users one is answered at a time, then all at once
