"""Of a sweep that was killed, a report names the cells that are missing and what measures them."""

from pathlib import Path
from typing import Any

import pytest

from records.cells.reader import read_run
from records.files import read_json, write_json
from records.services.variants import MOCKS
from reported import what_this_says
from reports.analysis.analyse import analyse
from reports.analysis.of_runs import Unfinished
from reports.notes.cautions import cautions
from sweep.measuring.directory import write_run
from sweep_world import plan_of


def killed(made: Any, run: Path, status: str, repeats: int = 1) -> Path:
    """Planned were 1 and 10 users: the first was measured, and the second begun."""
    made.run(run, [made.spec(concurrency=1), made.spec(concurrency=10, complete=False)])
    plan = plan_of("local", variants=(MOCKS["baseline"],), levels=(1, 10), repeats=repeats)  # fmt: skip
    write_run(run, plan, status=status, extra={})
    return run


@pytest.mark.parametrize(("status", "was"), [
    ("running", "is still at work or was killed"), ("interrupted", "was interrupted"), ("failed", "failed"),
])  # fmt: skip
def test_what_is_missing_is_named_with_what_measures_it(
    made: Any, tmp_path: Path, status: str, was: str
) -> None:
    run = killed(made, tmp_path / "a run", status)
    said = " ".join(what_this_says(analyse([read_run(run)])))
    assert (
        f"The sweep a run {was}, it is not complete: 1 cells are missing (local/baseline/c10-r1); "
        f"sweep --resume '{run}' measures what is missing."
    ) in said
    [brief] = [one.brief for one in cautions(analyse([read_run(run)])) if "not complete" in one.brief]
    assert brief == f"the sweep is not complete (sweep --resume '{run}')"
    assert not analyse([read_run(killed(made, tmp_path / "whole", "complete"))]).noted(Unfinished)


def test_many_are_counted_and_an_older_run_names_those_that_were_begun(made: Any, tmp_path: Path) -> None:
    run = killed(made, tmp_path / "run", "running", repeats=3)
    [note] = analyse([read_run(run)]).noted(Unfinished)
    assert len(note.missing) == 5
    said = " ".join(what_this_says(analyse([read_run(run)])))
    assert "5 cells are missing (local/baseline/c10-r1, local/baseline/c01-r2, " in said
    assert " and 2 more, named by report --json); sweep --resume" in said
    facts = read_json(run / "run.json")
    del facts["planned"]
    write_json(run / "run.json", facts)
    [note] = analyse([read_run(run)]).noted(Unfinished)
    assert note.missing == ("local/baseline/c10-r1",)
