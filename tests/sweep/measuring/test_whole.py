"""What a whole sweep says beside its report."""

import errno
import shutil
from typing import Any

import pytest

from records.files import read_json
from sweep import cli
from sweep.measuring import directory, runner, whole
from sweep.running.errors import UsageError
from sweep_world import World


def test_the_last_line_says_how_many_cells_are_invalid_though_the_exit_code_is_0(
    sweeping: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(knee=35, spoils={"it/as-is/c02-r1": 99})
    path = sweeping(world, levels=(1, 2), auto=False, repeats=1).swept().path
    assert whole.run_sweep(path, directory.load(path)) == 0  # there is nothing left to measure
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "1 of 2 cells is invalid, by generator-lag: the load was late"


@pytest.mark.parametrize(("error", "code", "told", "reported"), [
    (RuntimeError("locust did not end"), 1, "error: locust did not end", True),
    (UsageError("no target"), 2, "error: no target", True),
    (OSError(errno.ENOSPC, "no room", "log"), 1, "error: log: no room", True),
    (KeyboardInterrupt(), 130, "sweep: interrupted", False),
])  # fmt: skip
def test_what_ends_a_sweep_early_leaves_a_report_of_what_was_measured_and_a_last_line_that_says_how_to_go_on(
    sweeping: Any, here: Any, monkeypatch: pytest.MonkeyPatch,
    error: BaseException, code: int, told: str, reported: bool,
) -> None:  # fmt: skip
    run = sweeping(World(knee=35), levels=(1, 2), auto=False, repeats=1).swept()
    shutil.rmtree(run.path / "cells/it/as-is/c02-r1")

    def fails(*_: Any) -> None:
        raise error

    monkeypatch.setattr(runner, "measure", fails)
    done = here(cli.main, "--resume", str(run.path))
    *_, before, last = done.stderr.splitlines()
    assert (done.returncode, before) == (code, told)
    assert last == (
        f"what was measured is kept; see it with: report {run.path}; go on with: sweep --resume {run.path}"
    )
    assert ("The cell (a measurement) is valid" in done.stdout) == reported
    assert "is still at work" not in done.stdout
    assert read_json(run.path / "run.json")["status"] == ("failed" if reported else "interrupted")


def test_where_nothing_was_measured_it_does_not_say_that_something_is_kept(here: Any) -> None:
    done = here(
        cli.main,
        "--deployment",
        "run:sleep 600",
        "--ready-seconds",
        "1",
        "--concurrency",
        "1,2",
        "--budget",
        "none",
    )
    assert done.returncode == 2
    *_, before, last = done.stderr.splitlines()
    assert before == "nothing was measured"
    assert last.startswith("error: the target was not ready after 1 s: nothing answers")
    assert "is kept" not in done.stderr
