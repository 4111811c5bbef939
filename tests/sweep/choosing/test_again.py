"""Which cells the machine spoiled, how often they were measured again, and how long there is time for it."""

from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Cell, Check, Verdict
from sweep.choosing.again import failed_by_target, spoiled, times
from sweep.choosing.budget import Budget

STOLEN = {"noise": {"steal_percent": 16.0}}


def _cell(*failed: str, **achieved: Any) -> Cell:
    checks = (Check(name=name, status="fail", text=f"{name} failed; do", advice="do") for name in failed)
    verdict = Verdict(checks=(Check(name="workers", status="pass"), *checks))
    known: dict[str, Any] = {"achieved": achieved, "verdict": verdict, "complete": True}
    return Cell(deployment="a", config="b", concurrency=1, repeat=1, **known)


@pytest.mark.parametrize(("failed", "achieved"), [
    (["generator-lag"], {}), (["generator-cpu"], {}), (["concurrency"], STOLEN),
    (["concurrency", "steady-state"], {"late": 3}),
    (["generator-lag", "littles-law"], {"noise": None, "late": 0}),
])  # fmt: skip
def test_what_failed_for_the_machine_s_sake_with_its_noise_on_record(
    failed: list[str], achieved: dict[str, Any]
) -> None:
    said = spoiled(_cell(*failed, **achieved))
    assert said == "; ".join(f"{name} failed" for name in failed)


@pytest.mark.parametrize(("failed", "achieved"), [
    ([], STOLEN), (["failures"], STOLEN), (["generator-lag", "failures"], STOLEN), (["concurrency"], {}),
    (["concurrency"], {"late": 0, "noise": {"steal_percent": 0.0}}),
    (["steady-state"], {"late": None, "noise": "none"}),
])  # fmt: skip
def test_what_the_service_did_or_a_quiet_machine_is_not_asked_again(
    failed: list[str], achieved: dict[str, Any]
) -> None:
    assert spoiled(_cell(*failed, **achieved)) is None


def test_only_a_cell_s_own_tries_are_counted(tmp_path: Path) -> None:
    assert times(tmp_path / "nowhere" / "c01-r1") == 0
    for name in ("c01-r1", "c01-r1.try-1", "c01-r1.partial-1", "c01-r11.try-1", "c10-r1.try-1"):
        (tmp_path / name).mkdir()
    assert times(tmp_path / "c01-r1") == 1
    (tmp_path / "c01-r1.try-2").mkdir()
    assert times(tmp_path / "c01-r1") == 2


@pytest.mark.parametrize(("failed", "why"), [
    (["failures"], "failures failed"), (["generator-lag", "failures"], "failures failed"),
    (["generator-lag"], None), (["records"], None), (["failures", "target-ended"], None), ([], None),
])  # fmt: skip
def test_what_the_target_failed(failed: list[str], why: str | None) -> None:
    assert failed_by_target(_cell(*failed)) == why


def test_a_cell_begins_where_one_as_long_as_the_others_would_end_in_time() -> None:
    endless, budget = Budget(seconds=None, began=0.0), Budget(seconds=100.0, began=10.0)
    endless.took(1e6, again=False)
    assert endless.time_for_cell(1e9, sparing=True)
    budget.took(4.0, again=False)
    budget.took(6.0, again=False)
    assert [budget.time_for_cell(now, sparing=False) for now in (104.0, 106.0)] == [True, False]


def test_a_tenth_is_kept_for_measuring_again_until_that_has_had_it() -> None:
    budget = Budget(seconds=100.0, began=0.0)
    budget.took(4.0, again=False)
    assert [budget.time_for_cell(87.0, sparing=sparing) for sparing in (True, False)] == [False, True]
    budget.took(4.0, again=True)
    assert [budget.time_for_cell(now, sparing=True) for now in (89.0, 91.0)] == [True, False]
