"""A run that tried fixes: its report holds what was predicted against what came."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from records.cells.reader import read_run
from records.services.fixes import TriedFix, fixes_of
from reported import analysed, what_this_says, words
from reports.analysis.analyse import analyse
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.render import markdown

FIX = {
    "variant": "fix-some-lock", "of": "slow", "code": "some-lock", "where": "ask (mine.py:7)",
    "settings": {"LOCK": "no"}, "figure": "answers a second", "predicted": 2.0, "predicted_low": None,
    "predicted_high": None, "of_rate": True,
}  # fmt: skip


def run(made: Any, folder: Path, *fixes: dict[str, Any], gain: float = 2.0, **fixed: Any) -> Path:
    """The original at 20 RPS in two repeats, and a fix."""
    slow = [made.spec(config="slow", repeat=n, rps=20.0) for n in (1, 2)]
    better: list[Any] = [
        made.spec(config="fix-some-lock", repeat=n, rps=20.0 * gain, ttft_ms=50.0, **fixed) for n in (1, 2)
    ]
    return made.run(folder / "run", [*slow, *better], plan={"fixes": list(fixes), "reference": "slow"})


def test_the_measured_gain_stands_beside_the_predicted_one(made: Any, tmp_path: Path) -> None:
    analysis = analysed(run(made, tmp_path, FIX))
    first = what_this_says(analysis)[0]
    assert first.startswith("local at 10 users: LOCK=no (fix-some-lock) gives 2.00x (")
    assert first.endswith("better; predicted 2.00x, as predicted.")
    said = words(analysis)
    assert "local: fixes that were tried, times faster than slow at 10 users" in said
    assert "| fix-some-lock | 2.00x | 2.00x (" in markdown(blocks(analysis), "t")
    [written] = orjson.loads(orjson.dumps(results_json(analysis)["fixes"]))
    assert written["predicted"] == {"value": 2.0, "low": None, "high": None}
    assert written["rps"]["value"] == pytest.approx(2)
    assert written["rps"]["low"] < 2 < written["rps"]["high"]
    assert written["ttft"]["value"] == pytest.approx(2, rel=0.1)
    known = {
        "code": "some-lock", "where": "ask (mine.py:7)", "deployment": "local", "config": "fix-some-lock",
        "reference": "slow", "settings": {"LOCK": "no"}, "predicted_of": "answers a second",
        "prediction": "within", "load": "10",
    }  # fmt: skip
    assert {name: written[name] for name in known} == known


@pytest.mark.parametrize(
    ("changed", "cell", "held"),
    [
        ({"predicted": 4.0}, "4.00x", "too high"),
        ({"predicted": 1.1}, "1.10x", "too low"),
        ({"predicted": None}, "not predictable", "-"),
        ({"predicted": 2.0, "of_rate": False, "figure": "mean TTFT"}, "2.00x mean TTFT", "-"),
    ],
)
def test_a_prediction_is_held_against_the_interval(
    made: Any, tmp_path: Path, changed: dict[str, Any], cell: str, held: str
) -> None:
    text = markdown(blocks(analysed(run(made, tmp_path, {**FIX, **changed}))), "t")
    [row] = [line for line in text.splitlines() if line.startswith("| fix-some-lock | ")]
    cells = [part.strip() for part in row.split("|")]
    assert (cells[2], cells[5]) == (cell, held)


@pytest.mark.parametrize("found_in", ["a1", "b2", ""])
def test_code_that_changed_since_the_finding_is_said(made: Any, tmp_path: Path, found_in: str) -> None:
    requested = {"service": {"code": "b2"}}
    analysis = analysed(run(made, tmp_path, {**FIX, "found_in": found_in}, requested=requested))
    [written] = results_json(analysis)["fixes"]
    assert written["code_changed"] == (found_in == "a1")
    assert ("the service's code changed" in what_this_says(analysis)[0]) == (found_in == "a1")
    assert ("the prediction is of the older code" in words(analysis)) == (found_in == "a1")


def test_a_fix_that_gains_nothing_is_said_to(made: Any, tmp_path: Path) -> None:
    first = what_this_says(analysed(run(made, tmp_path, FIX, gain=1.0)))[0]
    assert "shows no difference in RPS to slow, 1.00x (" in first
    assert "less than predicted" in first


def test_another_reference_changes_no_gain(made: Any, tmp_path: Path) -> None:
    folder = run(made, tmp_path, FIX)
    results = (analyse([read_run(folder)], name).fixes[0] for name in (None, "fix-some-lock"))
    gains = [one.comparison.throughput for one in results if one.comparison]
    assert gains[0] == gains[1]
    assert gains[0] is not None


def test_a_fix_without_a_valid_cell_is_not_compared(made: Any, tmp_path: Path) -> None:
    analysis = analysed(run(made, tmp_path, FIX, checks=made.fail))
    assert "could not be compared with slow: one of the two has no valid cell" in what_this_says(analysis)[0]
    [written] = results_json(analysis)["fixes"]
    assert (written["rps"], written["prediction"]) == (None, None)


def test_a_fix_that_was_not_measured_yet_is_named(made: Any, tmp_path: Path) -> None:
    analysis = analysed(run(made, tmp_path, {**FIX, "variant": "fix-other"}))
    [written] = results_json(analysis)["fixes"]
    assert (written["config"], written["load"], written["rps"]) == ("fix-other", None, None)
    assert "| fix-other | 2.00x | - | - | - |" in markdown(blocks(analysis), "t")


def test_other_runs_have_none(made: Any, tmp_path: Path) -> None:
    analysis = analysed(run(made, tmp_path))
    assert results_json(analysis)["fixes"] == []
    assert "fixes that were tried" not in words(analysis)


@pytest.mark.parametrize("plan", [None, {}, {"fixes": 3}, {"fixes": [3, {"variant": "a"}, {"code": 1}]}])
def test_a_plan_that_holds_no_fix_is_read_all_the_same(plan: Any) -> None:
    assert list(fixes_of(plan)) == []


def test_a_damaged_fix_keeps_what_it_has() -> None:
    raw = {"variant": "v", "of": "o", "code": "c", "settings": 3, "predicted": "much", "of_rate": None}
    assert list(fixes_of({"fixes": [raw]})) == [TriedFix(variant="v", of="o", code="c")]
