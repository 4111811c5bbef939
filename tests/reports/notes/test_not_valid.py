"""Loads without a valid cell: how their figures are shown, and what is said of why."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Check
from reported import level, notes, printed, shaped, words
from reports.blocks import blocks
from reports.document.render import markdown
from reports.notes.not_valid import no_valid_cell
from reports.notes.valid_count import valid_count
from reports.notes.verdict import verdict
from workloads.checks.advice import advised
from workloads.checks.machine import LITTLE

ROOT = Path(__file__).resolve().parents[3]
GOOD = Check(name="configuration", status="pass")


def _failed(name: str, text: str = "the first half was slow") -> Check:
    return advised(Check(name=name, status="fail", text=text), "leave the machine to it")


def test_a_load_without_a_valid_cell_says_so_beside_its_figures_and_why(made: Any, of: Any) -> None:
    analysis = of(
        made.spec(),
        made.spec(concurrency=20, rps=77.0, checks=made.fail),
        made.spec(concurrency=20, rps=78.0, checks=made.fail, repeat=2),
    )
    document = markdown(blocks(analysis), "t")
    [row] = [line for line in document.splitlines() if line.startswith("| ~~20~~ |")]
    assert row.endswith("| 0 of 2 |")
    assert "~~0 of 2~~" not in document
    assert "| 1 of 1 |" in document
    why = "No cell is valid at 20 users: retrieval, as said above."
    assert why in notes(analysis)
    assert any("do not hold" in note for note in notes(analysis))
    stacked = printed(analysis, 40)
    assert "Valid: 0 of 2" in stacked
    assert "RPS (95 %): (77.5)" in stacked


def test_where_each_load_has_a_valid_cell_there_is_nothing_to_say(made: Any, of: Any) -> None:
    found = notes(of(made.spec(), made.spec(repeat=2, checks=made.fail)))
    assert not any("valid" in note.lower() for note in found)


def test_what_the_machine_did_to_an_invalid_cell_is_told(made: Any, of: Any) -> None:
    noise = Check(name="machine-noise", status="pass", text="the generator waited 40 % of the time for a CPU")
    spec = made.spec(checks=(GOOD, _failed("steady-state"), noise))
    said = "No cell is valid at 10 users: {}; meanwhile the generator waited 40 % of the time for a CPU{}."
    assert said.format("steady-state, as said above", "") in notes(of(spec))
    in_full = said.format("the first half was slow (steady-state)", "; leave the machine to it")
    assert [*no_valid_cell(of(spec).levels)] == [in_full]
    quiet = replace(spec, checks=(GOOD, _failed("steady-state"), replace(noise, text=LITTLE)))
    of_service = replace(spec, checks=(GOOD, _failed("tokens"), noise))
    assert not [note for one in (quiet, of_service) for note in notes(of(one)) if "meanwhile" in note]


def test_loads_with_the_same_reason_have_one_sentence(made: Any, of: Any) -> None:
    analysis = of(
        *(made.spec(concurrency=n, checks=(GOOD, _failed("steady-state", f"{n} late"))) for n in (1, 10))
    )
    said = (
        "No cell is valid at 1 user and at 10 users: all failed alike, the first of them thus: 1 late; leave "
        "the machine to it (steady-state)."
    )
    assert [*no_valid_cell(analysis.levels)] == [said]


def test_a_reason_is_said_in_full_once(made: Any, of: Any) -> None:
    """Of several variants, too; another one is said in full below, as is one that was cut short above."""
    failed = (GOOD, _failed("failures", "no good answer among 29 requests (29 times: HTTP 404)"))
    refused = [made.spec(config=name, checks=failed) for name in ("baseline", "mock-llm")]
    text = words(of(*refused))
    assert text.count("HTTP 404") == 1
    assert "No cell is valid at" not in text
    assert "local/baseline/c10-r1" in text
    assert "failures, as said above" in text
    other = made.spec(config="mock-llm", concurrency=20, checks=(GOOD, _failed("tokens", "2 were empty")))
    both = words(of(*refused, other))
    assert "No cell is valid at 20 users: 2 were empty; leave the machine to it (tokens)." in both
    long = made.spec(checks=(GOOD, _failed("failures", "very " * 50 + "long")))
    assert "very long; leave the machine to it (failures)" in words(of(long)).partition("Verdict")[2]


@pytest.mark.parametrize(("good", "of", "said"), [
    (0, 1, "The cell is not valid"), (1, 1, "The cell is valid"), (0, 2, "Neither of the 2 cells is valid"),
    (2, 2, "Both cells are valid"), (0, 3, "None of the 3 cells is valid"), (1, 3, "1 of 3 cells is valid"),
    (2, 3, "2 of 3 cells are valid"), (3, 3, "All 3 cells are valid"),
])  # fmt: skip
def test_how_many_cells_are_valid_is_a_sentence(good: int, of: int, said: str) -> None:
    assert valid_count(good, of) == said


def test_deployments_side_by_side_and_the_levels_of_a_shape_say_why_too(made: Any, of: Any) -> None:
    here, there = made.spec(), made.spec(deployment="k8s", checks=made.fail)
    why = "retrieval, as said above"
    assert f"No cell is valid in k8s at 10 users: {why}." in notes(of(here, there))
    of_shape = shaped(made, level(made, 2, 0, 5), checks=made.fail)
    assert f"The cell is invalid, so its figures do not hold (struck out, or in brackets): {why}." in notes(
        of(of_shape)
    )


@pytest.mark.parametrize(("refused", "late", "failed", "said"), [
    (True, 3, "", True), (True, 0, "steady-state", True), (False, 3, "", False), (True, 0, "", False),
    (True, 0, "retrieval", False),  # no priority would have mended that
])  # fmt: skip
def test_that_the_load_did_not_come_first_is_said_where_it_was_late(
    made: Any, of: Any, refused: bool, late: int, failed: str, said: bool
) -> None:
    cpus = {"load": [0], "target": [1], "realtime": False} | ({"realtime_refused": True} if refused else {})
    checks = (GOOD, *([_failed(failed)] if failed else []))
    specs = [made.spec(repeat=n, late=late, checks=checks, requested={"cpus": cpus}) for n in (1, 2)]
    lines = [line for line in verdict(of(*specs)).lines if "did not let it run before" in line]
    assert bool(lines) == said
    assert len(lines) <= 1
    pages = [(ROOT / page).read_text() for page in ("README.md", "docs/sweeps.md")]
    why = "cpu.rt_runtime_us is 0"  # the pages say it beforehand
    assert all(why in text.replace("`", "") for text in (*lines, *pages))
