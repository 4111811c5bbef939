"""Notes on the measurement are values with figures; reports only word them."""

import json
from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells.cell import Check
from reported import analysed, what_this_says
from reports.analysis import of_answers, of_loads, of_machine, of_runs
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


def test_files_have_them_with_their_figures(made: Any, of: Any) -> None:
    generator = Check(name="generator-cpu", status="pass", figure=40.0, bound=90.0, text="40 %")
    checks = (*made.as_is, generator)
    own = {
        "checks": checks, "achieved": {"noise": {"steal_percent": 4.0}, "connect_ms": 60.0, "connects": 100}
    }  # fmt: skip
    one = made.spec(**own, late=20, requested={"cpus": {"load": [2, 0], "target": [1]}})
    analysis = of(one, made.spec(**own, rps=40.0, repeat=2), budget_ended=True)
    written = json.loads(orjson.dumps(results_json(analysis)))["notes"]
    notes = {note["code"]: note for note in reversed(written)}
    at = {"deployment": "local", "config": "baseline", "concurrency": 10, "load": "10"}
    at["point"] = {"users": 10}
    cells = ["local/baseline/c10-r1", "local/baseline/c10-r2"]
    drift = {"workload": "stream", "figure": "RPS", "lowest": 20.0, "highest": 40.0}
    for code, figures in {
        "budget-ended": {"source": "run"}, "late": {**at, "requests": 20, "of": 300},
        "steal": {"median": 4.0, "worst": 4.0, "compared": False}, "drift": {**at, **drift},
        "generator-unknown": {}, "few-repeats": {"repeats": 2},
    }.items():  # fmt: skip
        assert notes[code] == {"code": code, **figures}
    for code, figures in {
        "not-proved": {"cells": cells}, "connecting": {"ms": pytest.approx(60.0)},
        "cpus": {"load": [0, 2], "target": [1]}, "generator": {"check": "generator-cpu", "worst": 40.0},
        "no-stage-times": {"deployments": ["local"]}, "cold": {"requests": 2, "workload": "stream"},
    }.items():  # fmt: skip
        assert {key: notes[code][key] for key in figures} == figures
    assert [one.ratio for one in analysis.noted(of_machine.Drift)] == [2.0]


def test_words_are_of_the_notes_alone(made: Any, of: Any) -> None:
    """What is noted is said, whatever the cells are."""
    analysis = of(made.spec())
    vars(analysis)["notes"] = (of_machine.Steal(median=50.0, worst=60.0), of_runs.FewRepeats(repeats=3))
    said = "The host took 50 % of this machine's time (median over cells; at most 60 %)"
    assert any(line.startswith(said) for line in what_this_says(analysis))
    _, first, *others = verdict(analysis).lines
    assert first.startswith(said)
    assert others == ["3 repeats: the intervals know little of how much runs differ (sweep: more --repeats)."]


@pytest.mark.parametrize("kept", ["profile.jsonl", "profile.json"])
def test_a_cells_profile_is_read_when_it_is_wanted_and_cut_to_its_window(
    made: Any, tmp_path: Path, kept: str
) -> None:
    path = made.cell(tmp_path / "cell", made.spec(seconds=5.0))
    samples = [
        {"at_ns": made.start_ns + round(at * 1e9), "elapsed_seconds": at, "profiler": {}, "cpu": at}
        for at in (-1.0, 0.5, 4.5, 6.0)
    ]
    [cell] = analysed(path).cells
    text = orjson.dumps({"metadata": {}, "data_points": samples})
    lines = b"".join(orjson.dumps(sample) + b"\n" for sample in samples) + b'{"cut'
    (path / kept).write_bytes(text if kept == "profile.json" else lines)
    assert [sample["cpu"] for sample in cell.profile] == [0.5, 4.5]
    (path / kept).unlink()
    assert len(cell.profile) == 2  # read once
    assert (cell.machine.samples, cell.machine.seconds) == (2, 4.0)


@pytest.mark.parametrize("text", ["nonsense", None])
def test_a_report_does_without_a_profile_that_cannot_be_read(made: Any, tmp_path: Path, text: Any) -> None:
    path = made.cell(tmp_path / "cell", made.spec())
    if text:
        (path / "profile.json").write_text(text)
    assert [cell.profile for cell in analysed(path).cells] == [()]
