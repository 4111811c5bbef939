"""Which cells the machine spoiled, how often they were measured again, and how long there is time for it."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Cell, Check, Verdict
from records.files import write_json
from sweep.choosing.again import failed_by_target, seconds_needed, spoiled, times, with_time_for
from sweep.choosing.budget import Budget
from sweep.choosing.spoiling import ENOUGH, Machine
from sweep_world import plan_of

PLAN = plan_of("local")
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
    said = spoiled(_cell(*failed, **achieved), PLAN)
    assert said == "; ".join(f"{name} failed" for name in failed)


@pytest.mark.parametrize(("failed", "achieved"), [
    ([], STOLEN), (["failures"], STOLEN), (["generator-lag", "failures"], STOLEN), (["concurrency"], {}),
    (["concurrency"], {"late": 0, "noise": {"steal_percent": 0.0}}),
    (["steady-state"], {"late": None, "noise": "none"}),
])  # fmt: skip
def test_what_the_service_did_or_a_quiet_machine_is_not_asked_again(
    failed: list[str], achieved: dict[str, Any]
) -> None:
    assert spoiled(_cell(*failed, **achieved), PLAN) is None


def test_only_a_cell_s_own_tries_are_counted(tmp_path: Path) -> None:
    assert times(tmp_path / "nowhere" / "c01-r1") == 0
    for name in ("c01-r1", "c01-r1.try-1", "c01-r1.partial-1", "c01-r11.try-1", "c10-r1.try-1"):
        (tmp_path / name).mkdir()
    assert times(tmp_path / "c01-r1") == 1
    (tmp_path / "c01-r1.try-2").mkdir()
    assert times(tmp_path / "c01-r1") == 2


SHORT: dict[str, Any] = {"run_time_s": 8, "requests": 200}


def _unsteady(*failed: str, got: int = 40, **asked: Any) -> Cell:
    window = {"start_ns": 0, "end_ns": 4_000_000_000}
    return replace(_cell(*failed, requests=got, window=window), requested={**SHORT, **asked})


@pytest.mark.parametrize(("cell", "seconds"), [
    (_unsteady("steady-ttft"), 24),  # 40 came in 4 s, 4 s after it began
    (_unsteady("steady-ttft", got=5), 80), (_unsteady("concurrency"), None),
    (_unsteady("steady-ttft", got=200), None),  # it had time enough
    (_unsteady("steady-ttft", rate=5.0), None),  # its queue only grows
    (_unsteady("steady-state", requests=10**7), None),  # the dial's end by the clock
    (_unsteady(), None), (_cell("steady-ttft"), None),
])  # fmt: skip
def test_a_cell_that_was_not_steady_for_want_of_time_is_given_it(
    cell: Cell, seconds: int | None, tmp_path: Path
) -> None:
    assert seconds_needed(cell, PLAN) == seconds
    assert spoiled(cell, PLAN) == (
        "; ".join(check.found for check in cell.verdict.failures) if seconds else None
    )
    assert with_time_for(tmp_path / "c20-r1", PLAN) == PLAN
    (tmp_path / "c20-r1.try-1").mkdir()
    write_json(tmp_path / "c20-r1.try-1" / "cell.json", cell.to_json())
    assert with_time_for(tmp_path / "c20-r1", PLAN).max_seconds == (seconds or PLAN.max_seconds)


def _slow(*failed: str, got: int = 2, window_s: int = 8, each: float = 5.0, good: int | None = None) -> Cell:
    """Of one user, whose answers take so long; asked for 50, after a warm-up of 5."""
    window = {"start_ns": 0, "end_ns": window_s * 10**9} if window_s else None
    achieved = {"requests": got, "good": got if good is None else good, "answer_s": each, "window": window}
    asked = {"run_time_s": 32, "max_seconds": 8, "requests": 50, "warmup_requests": 5}
    return replace(_cell(*failed, **achieved), requested=asked)


@pytest.mark.parametrize(("cell", "seconds"), [
    (_slow(), None), (_slow(each=2.0, got=4), None),  # good, and not put at risk
    (_slow("too-short", got=0, window_s=0, each=20.0), 80),  # ten in a row, within the bound
    (_slow("too-short", got=0, window_s=0), 50), (_slow("too-short", got=0, window_s=0, each=0.0), None),
    (_slow("steady-ttft", got=10), 40),  # by their pace: the warm-up took nothing of the 8 s
    (_slow(got=10), None), (_slow(each=0.7, got=9), None),  # enough; ten would have found room, so it idled
    (_slow(good=1), None), (_slow("failures", got=0, window_s=0), None),  # it was the service
    (replace(_slow(), requested={**_slow().requested, "rate": 5.0}), None),
    (replace(_slow("too-short", got=0, window_s=0, each=2.0),
             requested={**_slow().requested, "warmup_requests": 60}), 40),  # a third of the warm-up's
])  # fmt: skip
def test_a_cell_that_counted_no_answer_of_good_ones_has_time_for_ten(cell: Cell, seconds: int | None) -> None:
    assert seconds_needed(cell, PLAN) == seconds
    assert (spoiled(cell, PLAN) is not None) == (seconds is not None)
    machine = Machine(plan=PLAN)
    for _ in range(ENOUGH):
        machine.took(cell)
    assert machine.spoils_all is None  # the machine is not blamed for it


@pytest.mark.parametrize(("cell", "again", "seconds"), [
    (_unsteady("steady-ttft", run_time_s=24, got=5), True, 80),  # not ten times as long as the last time
    (_unsteady("steady-ttft", run_time_s=80, got=5), False, 80),  # it would be as short again
    (_unsteady("generator-lag", run_time_s=24, got=200), True, 24),  # the machine spoiled one that was longer
])  # fmt: skip
def test_all_tries_of_a_cell_have_one_bound_and_none_is_shorter_than_the_one_before(
    cell: Cell, again: bool, seconds: int, tmp_path: Path
) -> None:
    for name in ("try-1", "try-2"):
        (tmp_path / f"c20-r1.{name}").mkdir()
    write_json(tmp_path / "c20-r1.try-2" / "cell.json", cell.to_json())
    assert (spoiled(cell, PLAN) is not None) == again
    assert with_time_for(tmp_path / "c20-r1", PLAN).max_seconds == seconds


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
    assert not budget.time_for_cell(104.0, sparing=False, least=24.0)


def test_a_tenth_is_kept_for_measuring_again_until_that_has_had_it() -> None:
    budget = Budget(seconds=100.0, began=0.0)
    budget.took(4.0, again=False)
    assert [budget.time_for_cell(87.0, sparing=sparing) for sparing in (True, False)] == [False, True]
    budget.took(4.0, again=True)
    assert [budget.time_for_cell(now, sparing=True) for now in (89.0, 91.0)] == [True, False]
