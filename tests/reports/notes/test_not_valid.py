"""Loads without a valid cell: how their figures are shown, and what is said of why."""

from dataclasses import replace
from typing import Any

import pytest

from records.cells.cell import Check
from reported import level, notes, printed, shaped
from reports.blocks import blocks
from reports.document.render import markdown
from reports.notes.verdict import verdict
from workloads.checks.advice import advised
from workloads.checks.machine import LITTLE

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
    why = "No cell is valid at 20 users: 9 answers came without documents (retrieval)."
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
    said = (
        "No cell is valid at 10 users: the first half was slow (steady-state); meanwhile the generator "
        "waited 40 % of the time for a CPU; leave the machine to it."
    )
    assert said in notes(of(spec))
    quiet = replace(spec, checks=(GOOD, _failed("steady-state"), replace(noise, text=LITTLE)))
    of_service = replace(spec, checks=(GOOD, _failed("tokens"), noise))
    assert not [note for one in (quiet, of_service) for note in notes(of(one)) if "meanwhile" in note]


def test_loads_with_the_same_reason_have_one_sentence(made: Any, of: Any) -> None:
    analysis = of(
        *(made.spec(concurrency=n, checks=(GOOD, _failed("steady-state", f"{n} late"))) for n in (1, 10))
    )
    said = (
        "No cell is valid at 1 user and at 10 users: such as 1 late; leave the machine to it (steady-state)."
    )
    assert said in notes(analysis)


def test_deployments_side_by_side_and_the_levels_of_a_shape_say_why_too(made: Any, of: Any) -> None:
    here, there = made.spec(), made.spec(deployment="k8s", checks=made.fail)
    why = "9 answers came without documents (retrieval)"
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
