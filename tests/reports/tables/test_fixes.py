"""A run that tried fixes: its report holds what was predicted against what came."""

from dataclasses import replace
from typing import Any

import orjson
import pytest

from records.cells.reader import read_run
from records.services.fixes import TriedFix, fixes_of
from reported import what_this_says, words
from reports.analysis.analyse import analyse
from reports.analysis.analysis import Analysis
from reports.analysis.of_processes import Uneven
from reports.analysis.subject import Subject
from reports.as_json.results import results_json
from reports.blocks import blocks
from reports.document.render import markdown
from reports.findings.catalogue import diagnosis
from reports.words.fixes import fix_sentences

FIX = {
    "variant": "fix-some-lock", "of": "slow", "code": "some-lock", "where": "ask (mine.py:7)",
    "settings": {"LOCK": "no"}, "figure": "answers a second", "predicted": 2.0, "predicted_low": None,
    "predicted_high": None, "of_rate": True,
}  # fmt: skip


@pytest.fixture
def tried(made: Any, of: Any) -> Any:
    def run(*fixes: dict[str, Any], gain: float = 2.0, **fixed: Any) -> Analysis:
        """The original at 20 RPS in two repeats, and a fix."""
        cells = [made.spec(config="slow", repeat=n, rps=20.0) for n in (1, 2)]
        better = {"config": "fix-some-lock", "rps": 20.0 * gain, "ttft_ms": 50.0, **fixed}
        cells += [made.spec(repeat=n, **better) for n in (1, 2)]
        found: Analysis = of(*cells, plan={"fixes": list(fixes), "reference": "slow"})
        return found

    return run


def test_the_measured_gain_stands_beside_the_predicted_one(tried: Any) -> None:
    analysis = tried(FIX)
    first = what_this_says(analysis)[0]
    assert first.startswith("local at 10 users: LOCK=no (fix-some-lock) gives 2.00x (")
    assert first.endswith("better; predicted 2.00x, as predicted.")
    assert "local: fixes that were tried, times faster than slow at 10 users" in words(analysis)
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


@pytest.mark.parametrize(("changed", "cell", "held"), [
    ({"predicted": 4.0}, "4.00x", "too high"), ({"predicted": 1.1}, "1.10x", "too low"),
    ({"predicted": None}, "not predictable", "-"),
    ({"predicted": 2.0, "of_rate": False, "figure": "mean TTFT"}, "2.00x mean TTFT", "-"),
])  # fmt: skip
def test_a_prediction_is_held_against_the_interval(tried: Any, changed: Any, cell: str, held: str) -> None:
    text = markdown(blocks(tried({**FIX, **changed})), "t")
    [cells] = [x.strip("| ").split(" | ") for x in text.splitlines() if x.startswith("| fix-some-lock | ")]
    assert (cells[1], cells[4]) == (cell, held)
    assert cells[2].startswith("2.00x (")


@pytest.mark.parametrize("found_in", ["a1", "b2", ""])
def test_code_that_changed_since_the_finding_is_said(tried: Any, found_in: str) -> None:
    analysis = tried({**FIX, "found_in": found_in}, requested={"service": {"code": "b2"}})
    [written] = results_json(analysis)["fixes"]
    assert written["code_changed"] == (found_in == "a1")
    assert ("the service's code changed" in what_this_says(analysis)[0]) == (found_in == "a1")
    assert ("the prediction is of the older code" in words(analysis)) == (found_in == "a1")


def test_a_fix_that_gains_nothing_is_said_to(tried: Any) -> None:
    first = what_this_says(tried(FIX, gain=1.0))[0]
    assert "shows no difference in RPS to slow, 1.00x (" in first
    assert "less than predicted" in first


def test_each_fix_is_named_by_its_setting_however_little_room(tried: Any) -> None:
    analysis = tried(FIX, {**FIX, "variant": "fix-2", "settings": {"X": "1"}})
    load = analysis.fixes[0].comparison.load
    at = Subject(deployment="local", config="fix-some-lock", load=load)
    analysis = replace(analysis, notes=(Uneven(at=at, requests=17.4, of=18.0, processes=2),))
    [found] = fix_sentences(analysis)
    assert found.least.startswith("local at 10 users, RPS against slow: LOCK=no 2.00x (")
    uneven = "17 of 18 requests were at one of 2 processes"
    assert found.least.endswith(
        f"), as predicted, {uneven}; X=1 could not be compared: it or slow has no valid cell."
    )
    assert (
        f"but {uneven} (connections stay with the process that took them): it may be worth more."
        in found.text
    )
    assert "local: fix-some-lock (LOCK=no)" in words(analysis)


def test_the_one_load_of_a_fix_leaves_nothing_unknown(tried: Any) -> None:
    assert "unknown" in {one.code for one in diagnosis(tried())}
    assert "unknown" not in {one.code for one in diagnosis(tried(FIX))}


def test_another_reference_changes_no_gain(tried: Any, tmp_path: Any) -> None:
    [one] = tried(FIX).fixes
    [other] = analyse([read_run(tmp_path / "run")], "fix-some-lock").fixes
    assert one.comparison.throughput == other.comparison.throughput


def test_a_fix_without_a_valid_cell_is_not_compared(made: Any, tried: Any) -> None:
    analysis = tried(FIX, checks=made.fail)
    assert "could not be compared: it or slow has no valid cell" in what_this_says(analysis)[0]
    [written] = results_json(analysis)["fixes"]
    assert (written["rps"], written["prediction"]) == (None, None)


def test_a_fix_that_was_not_measured_yet_is_named(tried: Any) -> None:
    analysis = tried({**FIX, "variant": "fix-other"})
    [written] = results_json(analysis)["fixes"]
    assert (written["config"], written["load"], written["rps"]) == ("fix-other", None, None)
    assert "| fix-other | 2.00x | - | - | - |" in markdown(blocks(analysis), "t")


@pytest.mark.parametrize("plan", [None, {}, {"fixes": 3}, {"fixes": [3, {"variant": "a"}, {"code": 1}]}])
def test_a_plan_that_holds_no_fix_is_read_all_the_same(plan: Any) -> None:
    assert list(fixes_of(plan)) == []


def test_a_damaged_fix_keeps_what_it_has() -> None:
    raw = {"variant": "v", "of": "o", "code": "c", "settings": 3, "predicted": "much", "of_rate": None}
    assert list(fixes_of({"fixes": [raw]})) == [TriedFix(variant="v", of="o", code="c")]
