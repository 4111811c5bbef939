"""What a report notes of a run as a whole: what is missing, unreadable, unproved, or alike in many cells."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import orjson
import pytest

from records.cells import layout
from records.cells.cell import Check
from records.cells.reader import read_run
from records.cells.spans import Gathered
from records.evidence.inside import sampled_at_ns
from records.evidence.unreadable import EVIDENCE
from records.files import read_json, write_json
from records.services.variants import MOCKS
from reported import analysed, head, rewritten, words
from reports.analysis.analysis import Analysis
from reports.analysis.of_runs import FewRepeats, Unfinished
from reports.as_json.results import results_json
from reports.evidence.loaded import LoadedPoint
from reports.findings.common import binding
from reports.findings.common.mending import Mend
from reports.notes.caution import more, some
from reports.notes.cautions import cautions
from sweep.measuring.directory import write_run
from sweep.running.inside import copy_between
from sweep_world import plan_of

# -- evidence that cannot be read is left out, and counted


def unread(analysis: Analysis) -> dict[str, Any]:
    notes = [note for note in results_json(analysis)["notes"] if note["code"] == "unreadable"]
    return {note["file"]: note["lines"] for note in notes}


NO_EVIDENCE = {layout.RUN, layout.CELL, layout.REQUESTS, layout.SPEC, layout.PROCESSES, layout.RESULTS}
FIRST = {layout.SPANS: Gathered(answers=1, spanned=1, staged=1, impossible=0, others=0, full=False).line()}
"""Lines without which all others are of no use."""


def test_every_file_of_a_cell_is_evidence_that_may_be_unreadable() -> None:
    named = {str(name) for name in vars(layout).values() if str(name).endswith(("json", "jsonl"))}
    assert named - NO_EVIDENCE - {layout.SEARCH} == set(EVIDENCE)  # a search says itself what is wrong


@pytest.mark.parametrize("file", EVIDENCE)
def test_lines_that_cannot_be_read_are_counted(made: Any, tmp_path: Path, file: str) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    torn = b'{"at_ns": 18\n[]\n{"at_ns": "x", "received_at_ns": "x"}\n'
    (run / f"cells/local/baseline/c10-r1/{file}").write_bytes(FIRST.get(file, b"") + torn)
    analysis = analysed(run)
    lines = 3 if file.endswith("jsonl") else None
    assert unread(analysis) == {file: lines}
    said = f"3 lines of {file}" if lines else f"files of {file}"
    assert f"{said} (local/baseline/c10-r1) could not be read and are left out." in words(analysis)


@pytest.mark.parametrize("file", [*EVIDENCE, layout.SEARCH])
def test_a_pipe_in_its_place_keeps_nobody_waiting(made: Any, tmp_path: Path, file: str) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    os.mkfifo(run / f"cells/local/baseline/c10-r1/{file}")
    without_a_word = (layout.SEARCH, layout.LLM)  # no search was made; the run's record is taken
    assert file in words(analysed(run)) or file in without_a_word


def test_all_files_are_one_caution_and_one_that_cannot_be_opened_is_said(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    (run / "llm.jsonl").write_bytes(b"nonsense\n")  # the run's, of all cells
    (run / "cells/local/baseline/c10-r1/dial.jsonl").mkdir()
    analysis = analysed(run)
    assert unread(analysis) == {"llm.jsonl": 1, "dial.jsonl": None}
    assert "1 line of llm.jsonl (local/baseline/c10-r1) and files of dial.jsonl (" in words(analysis)


def test_a_damaged_line_goes_into_the_cell_with_the_one_before_it(tmp_path: Path) -> None:
    lines = [b'{"at_ns": 5}\n', b"torn\n", b'{"at_ns": 9}\n', b"torn, too\n"]
    (tmp_path / "1.jsonl").write_bytes(b"".join(lines))
    copy_between(tmp_path, 4, 6, tmp_path / "cell", sampled_at_ns)
    assert (tmp_path / "cell").read_bytes() == b"".join(lines[:2])


# -- of a sweep that was killed the missing cells are named, and what measures them


def killed(made: Any, run: Path, status: str, repeats: int = 1) -> Path:
    """Planned were 1 and 10 users: the first was measured, and the second begun."""
    made.run(run, [made.spec(concurrency=1), made.spec(concurrency=10, complete=False)])
    plan = plan_of("local", variants=(MOCKS["baseline"],), levels=(1, 10), repeats=repeats)
    write_run(run, plan, status=status, extra={})
    return run


@pytest.mark.parametrize(("status", "was"), [
    ("running", "is still at work or was killed"), ("interrupted", "was interrupted"), ("failed", "failed"),
    ("complete", ""),
])  # fmt: skip
def test_what_is_missing_is_named_with_what_measures_it(
    made: Any, tmp_path: Path, status: str, was: str
) -> None:
    run = killed(made, tmp_path / "a run", status)
    analysis = analysed(run)
    assert len(analysis.noted(Unfinished)) == bool(was)
    said = (
        f"The sweep a run {was}, it is not complete: 1 cell is missing (local/baseline/c10-r1); "
        f"sweep --resume '{run}' measures what is missing."
    )
    assert (said in head(analysis)) is bool(was)
    briefs = [one.brief for one in cautions(analysis) if "not complete" in one.brief]
    assert briefs == ([f"the sweep is not complete (sweep --resume '{run}')"] if was else [])


def test_many_are_counted_and_an_older_run_names_those_that_were_begun(made: Any, tmp_path: Path) -> None:
    run = killed(made, tmp_path / "run", "running", repeats=3)
    [note] = analysed(run).noted(Unfinished)
    assert len(note.missing) == 5
    assert "5 cells are missing (local/baseline/c10-r1, local/baseline/c01-r2, " in words(analysed(run))
    assert " and 2 more, named by report --json); sweep --resume" in words(analysed(run))
    facts = read_json(run / "run.json")
    del facts["planned"]
    write_json(run / "run.json", facts)
    [note] = analysed(run).noted(Unfinished)
    assert note.missing == ("local/baseline/c10-r1",)


# -- what is said of many cells is said once, and warnings only where they hold


@pytest.mark.parametrize(("texts", "said"), [
    (("no tokens", "no tokens"), "(2 cells (local/baseline/c10-r1, local/baseline/c10-r2)): no tokens"),
    (("5 of 9 without", "7 of 8 without"),
     "c10-r2)): all failed alike, the first of them thus: 5 of 9 without (tokens)"),
])  # fmt: skip
def test_equal_reasons_are_one_line(made: Any, of: Any, texts: tuple[str, ...], said: str) -> None:
    failed = [(Check(name="tokens", status="fail", text=text),) for text in (*texts, "another")]
    failed += 4 * [(Check(name="failures", status="fail", text="the commonest"),)]
    assert said in words(of(*(made.spec(repeat=n, checks=checks) for n, checks in enumerate(failed, 1))))


@pytest.mark.parametrize(("config", "requested", "code"), [
    ("mine", {"set": {}, "variant": {}}, "as-is"), ("mine", {"set": {"A": "1"}, "variant": {}}, "not-proved"),
    ("mine", {}, "not-proved"), ("as-is", {}, "as-is"), ("mock-llm", {}, "not-proved"),
])  # fmt: skip
def test_set_not_proved_is_said_where_something_was_set(
    made: Any, of: Any, config: str, requested: dict[str, Any], code: str
) -> None:
    analysis = of(made.spec(config=config, checks=made.as_is, requested=requested))
    assert {note.code for note in analysis.notes} & {"as-is", "not-proved"} == {code}
    assert ("The configuration of 1 of 1 cell was set, but not proved" in words(analysis)) is (
        code == "not-proved"
    )


def test_who_is_not_named_can_be_found() -> None:
    assert some(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more, named by report --json"


@pytest.mark.parametrize(
    ("others", "said"), [(0, ""), (1, "; 1 more cell likewise"), (2, "; 2 more cells likewise")]
)
def test_others_are_counted(others: int, said: str) -> None:
    assert more([FewRepeats(repeats=2)] * (1 + others), "cells") == said


def test_a_finding_counts_answers_as_the_table_does(made: Any, of: Any, monkeypatch: Any) -> None:
    [level] = of(made.spec(failures=4)).levels
    point = LoadedPoint(level=level)
    assert point.answers_per_second == pytest.approx(level.figures.throughput.value)
    assert point.per_second > point.answers_per_second
    best = SimpleNamespace(value=2 * point.per_second, low=None, high=3 * point.per_second)
    monkeypatch.setattr(binding, "mended", lambda *_, **__: best)
    monkeypatch.setattr(binding, "is_held", lambda _: True)
    effect = binding.effect_of(SimpleNamespace(heavy=point, compared=True), Mend())  # type: ignore[arg-type]
    assert (effect.mended / effect.now, effect.high / effect.now) == pytest.approx((2, 3))


ALL = {"answers": 100, "spanned": 100, "staged": 100, "impossible": 0, "others": 0, "full": False}


@pytest.mark.parametrize(("gathered", "said"), [
    ({}, ""),
    ({"impossible": 2}, "another clock"),
    ({"spanned": 0, "staged": 0, "others": 300}, "other traces"),
    ({"spanned": 0, "staged": 0, "others": 9}, "no span came"),
    ({"spanned": 9, "staged": 9, "full": True}, "too many"),
    ({"staged": 0}, "name no operation"),
    ({"spanned": 98, "staged": 98}, "2 of 100 answers of local/baseline at 10 users have no stage times"),
])  # fmt: skip
def test_spans_are_stage_times_and_it_is_said_why_there_are_none(
    made: Any, tmp_path: Path, gathered: dict[str, Any], said: str
) -> None:
    """A service without times of its own, and with spans of 40 ms each."""
    run, lines = made.run(tmp_path / "run", [made.spec()]), [Gathered(**{**ALL, **gathered}).line()]

    def change(raw: dict[str, Any], number: int) -> None:
        raw["trace_id"] = f"{number:032x}"
        times = {"start_ns": raw["sent_at_ns"] + 1_000_000, "end_ns": raw["sent_at_ns"] + 41_000_000}
        line = {"trace_id": raw["trace_id"], "operation": "retrieval", **times}
        lines.append(orjson.dumps(line) + b"\n")

    rewritten(run, change)
    (run / "cells" / made.spec().name / "spans.jsonl").write_bytes(b"".join(lines))
    analysis = analysed(run)
    texts = [one.sentences[0] for one in cautions(analysis) if "stage times" in one.brief]
    assert [said in text for text in texts] == ([True] if said else [])
    if "another clock" in said:
        assert not analysis.latency_breakdowns
    else:
        [breakdown] = analysis.latency_breakdowns
        assert breakdown.stages_ms == {"retrieval": pytest.approx(40.0)}


@pytest.mark.parametrize(("status", "said"), [("complete", True), ("running", False)])
def test_cells_that_a_sweep_left_out_are_told(made: Any, tmp_path: Path, status: str, said: bool) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    path = run / layout.RUN
    left = [f"local/other/c{users}-r2" for users in (10, 20, 30)]
    because = {left[1]: "not one good answer came", left[2]: "not one good answer came"}
    facts = {"not_measured": left, "not_measured_because": because}
    write_json(path, {**read_json(path), "status": status, **facts})
    texts = (
        f"1 cell of the plan was not measured: {left[0]}.",  # of a version that did not keep why
        f"2 cells of the plan were not measured: {left[1]} and {left[2]}. Why: not one good answer came.",
    )
    assert [text in words(analysed(run)) for text in texts] == [said, said]


def test_what_a_budget_left_out_is_told(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    path = run / layout.RUN
    facts = {"budget_ended": True, "not_measured": ["local/baseline/c20-r1"], "not_measured_because": {}}
    write_json(path, {**read_json(path), **facts})
    text = (
        "1 cell of the plan was not measured: local/baseline/c20-r1. Why: the budget ended the sweep first."
    )
    assert text in words(analysed(run))


def test_an_earlier_try_counts_where_the_last_has_no_end_and_it_is_said(made: Any, tmp_path: Path) -> None:
    run = made.run(tmp_path / "run", [made.spec()])
    [cell] = read_run(run).cells
    cell.path.rename(cell.path.with_name(f"{cell.path.name}{layout.TRY}1"))
    analysis = analysed(run)
    assert [one.cell.name for one in analysis.cells] == [cell.cell.name]
    text = "The last try of 1 cell has no end, and the best of those before it counts"
    assert f"{text}: run: {cell.cell.name}." in words(analysis)


def test_an_earlier_try_counts_that_failed_fewer_checks_than_the_last_and_it_is_said(
    made: Any, tmp_path: Path
) -> None:
    late, broken = (Check(name=name, status="fail", text="no") for name in ("generator-lag", "failures"))
    run = made.run(tmp_path / "run", [made.spec(checks=(late,))])
    [cell] = read_run(run).cells
    cell.path.rename(cell.path.with_name(f"{cell.path.name}{layout.TRY}1"))
    made.cell(cell.path, made.spec(checks=(late, broken), rps=40))
    analysis = analysed(run)
    assert [check.name for one in analysis.cells for check in one.failed_checks] == ["generator-lag"]
    text = "1 of 1 cell was measured again: the machine had spoiled it, or it was too short"
    kept = "Earlier tries are kept beside each, as .try-1 and so on."
    name = cell.cell.name
    assert f"{text} ({name}). {kept} Of {name} one of these counts: the last failed more checks." in words(
        analysis
    )
