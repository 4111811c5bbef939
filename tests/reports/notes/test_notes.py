"""Notes on the measurement are values with figures; reports only word them."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells.cell import Check
from records.cells.reader import read_run
from reported import what_this_says
from reports.analysis import of_answers, of_loads, of_machine, of_runs
from reports.analysis.analyse import analyse
from reports.analysis.note import Note
from reports.as_json.results import results_json
from reports.notes.cautions import WORDS
from reports.notes.verdict import REMARKS, verdict

ELSEWHERE = {of_runs.BudgetEnded, of_answers.NoStageTimes, of_loads.Cold}
"""What the knees say, and what has a section or a table."""


def kinds(of: type[Note]) -> set[type[Note]]:
    """Those with a code of their own, which notes have."""
    return {kind for one in of.__subclasses__() for kind in ({one} if "code" in vars(one) else kinds(one))}


def test_every_kind_of_note_has_words_and_a_code_of_its_own() -> None:
    assert kinds(Note) == {*WORDS, *REMARKS, *ELSEWHERE}
    assert len({kind.code for kind in kinds(Note)}) == len(kinds(Note))


def test_files_have_them_with_their_figures(made: Any, tmp_path: Path) -> None:
    checks = (
        Check(name="configuration", status="n/a", text="no /config"),
        Check(name="generator-cpu", status="pass", figure=40.0, bound=90.0, text="40 %"),
    )
    achieved = {"noise": {"steal_percent": 4.0}, "connect_ms": 60.0, "connects": 100}
    one = made.spec(
        checks=checks, achieved=achieved, late=20, requested={"cpus": {"load": [2, 0], "target": [1]}}
    )
    other = made.spec(checks=checks, achieved=achieved, rps=40.0, repeat=2)
    run = made.run(tmp_path / "run", [one, other], budget_ended=True)
    analysis = analyse([read_run(run)])
    written = json.loads(orjson.dumps(results_json(analysis)))["notes"]
    notes = {note["code"]: note for note in reversed(written)}
    at = {
        "deployment": "local", "config": "baseline", "concurrency": 10, "load": "10", "point": {"users": 10},
    }  # fmt: skip
    assert notes["not-proved"]["cells"] == ["local/baseline/c10-r1", "local/baseline/c10-r2"]
    assert notes["budget-ended"] == {"code": "budget-ended", "source": "run"}
    assert notes["steal"] == {"code": "steal", "median": 4.0, "worst": 4.0, "compared": False}
    assert notes["late"] == {"code": "late", **at, "requests": 20, "of": 300}
    assert notes["drift"] == {
        "code": "drift", **at, "workload": "stream", "figure": "RPS", "lowest": 20.0, "highest": 40.0,
    }  # fmt: skip
    assert notes["connecting"]["ms"] == pytest.approx(60.0)
    assert (notes["cpus"]["load"], notes["cpus"]["target"]) == ([0, 2], [1])
    assert (notes["generator"]["check"], notes["generator"]["worst"]) == ("generator-cpu", 40.0)
    assert notes["generator-unknown"] == {"code": "generator-unknown"}
    assert notes["few-repeats"] == {"code": "few-repeats", "repeats": 2}
    assert notes["no-stage-times"]["deployments"] == ["local"]
    assert (notes["cold"]["requests"], notes["cold"]["workload"]) == (2, "stream")
    assert [one.ratio for one in analysis.noted(of_machine.Drift)] == [2.0]


def test_words_are_of_the_notes_alone(made: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is noted is said, whatever the cells are."""
    analysis = analyse([read_run(made.run(tmp_path / "run", [made.spec()]))])
    vars(analysis)["notes"] = (of_machine.Steal(median=50.0, worst=60.0), of_runs.FewRepeats(repeats=3))
    said = "The host took 50 % of this machine's time (median over cells; at most 60 %)"
    assert any(line.startswith(said) for line in what_this_says(analysis))
    lines = verdict(analysis).lines
    assert lines[1].startswith(said)
    assert lines[2:] == ("3 repeats: the intervals know little of the noise between runs.",)


@pytest.mark.parametrize("kept", ["profile.jsonl", "profile.json"])
def test_a_cells_profile_is_read_when_it_is_wanted_and_cut_to_its_window(
    made: Any, tmp_path: Path, kept: str
) -> None:
    path = made.cell(tmp_path / "cell", made.spec(seconds=5.0))
    samples = [
        {"at_ns": made.start_ns + round(at * 1e9), "elapsed_seconds": at, "profiler": {}, "cpu": at}
        for at in (-1.0, 0.5, 4.5, 6.0)
    ]
    [cell] = analyse([read_run(path)]).cells
    if kept == "profile.json":
        (path / kept).write_bytes(orjson.dumps({"metadata": {}, "data_points": samples}))
    else:
        (path / kept).write_bytes(b"".join(orjson.dumps(sample) + b"\n" for sample in samples) + b'{"cut')
    assert [sample["cpu"] for sample in cell.profile] == [0.5, 4.5]
    (path / kept).unlink()
    assert len(cell.profile) == 2  # read once
    assert cell.machine
    assert (cell.machine.samples, cell.machine.seconds) == (2, 4.0)


def test_a_report_does_without_a_profile_that_cannot_be_read(made: Any, tmp_path: Path) -> None:
    path = made.cell(tmp_path / "cell", made.spec())
    [cell] = analyse([read_run(path)]).cells
    (path / "profile.json").write_text("nonsense")
    assert cell.profile == ()
    [without] = analyse([read_run(made.cell(tmp_path / "other", made.spec()))]).cells
    assert without.profile == ()
