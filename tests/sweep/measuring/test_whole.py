"""What a whole sweep says beside its report."""

from typing import Any

import pytest

from sweep import cli
from sweep.measuring import directory, whole
from sweep_world import World


def test_the_last_line_says_how_many_cells_are_invalid_though_the_exit_code_is_0(
    sweeping: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    world = World(knee=35, spoils={"it/as-is/c02-r1": 99})
    path = sweeping(world, levels=(1, 2), auto=False, repeats=1).swept().path
    assert whole.run_sweep(path, directory.load(path)) == 0  # there is nothing left to measure
    said = capsys.readouterr().err.splitlines()
    assert said[-1] == "1 of 2 cells is invalid, by generator-lag: the load was late"


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
