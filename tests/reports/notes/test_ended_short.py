"""A sweep's cells that ended by the clock, before their requests were done."""

from pathlib import Path
from typing import Any

import pytest

from records.cells.cell import Check
from records.cells.other_programs import OtherProgram
from reported import analysed, head, words
from reports.analysis.of_ends import EndedShort
from reports.notes.in_short import invalid_in_short
from workloads.checks.advice import advised


@pytest.mark.parametrize(("plan", "said"), [
    ({"requests": 200}, "2 of 3 cells ended after 8 s with 26-41 of the 200 requests asked for: "
     "--max-seconds 70 lets them finish."),
    ({"requests": 200, "dial": True}, ""), ({"requests": 20}, ""), ({"requests": 200, "max_seconds": 60}, ""),
])  # fmt: skip
def test_a_report_says_which_cells_ended_short(made: Any, of: Any, plan: Any, said: str) -> None:
    specs = [made.spec(rps=n / 8, seconds=8, concurrency=n) for n in (26, 41, 200)]
    text = head(of(*specs, plan=plan))
    assert said in text if said else "--max-seconds" not in text


@pytest.mark.parametrize(("asked", "said"), [
    ([{"max_seconds": 8.0}, {"max_seconds": 24.0}],  # measured again, for longer
     "2 of 2 cells ended after 8-24 s with 20-40 of the 200 requests asked for: --max-seconds 240 lets"),
    ([{"requests": 400}, {"requests": 200}],  # ten of each user
     "2 of 2 cells ended after 8 s with 20-40 of the 200-400 requests asked for: --max-seconds 80 lets"),
    ([{"requests": 40}, {"requests": 20}], ""),
    ([{"requests": None, "max_seconds": 0}, {"max_seconds": "8"}],  # nonsense: as the plan says
     "2 of 2 cells ended after 8 s with 20-40 of the 200 requests asked for: --max-seconds 80 lets"),
])  # fmt: skip
def test_by_what_each_cell_was_asked_for_where_that_is_more_than_the_plan_says(
    made: Any, of: Any, asked: list[dict[str, Any]], said: str
) -> None:
    specs = []
    for requested, requests in zip(asked, (40, 20), strict=True):
        seconds = requested.get("max_seconds")
        seconds = seconds if isinstance(seconds, float) else 8.0
        specs.append(
            made.spec(rps=requests / seconds, seconds=seconds, concurrency=requests, requested=requested)
        )
    text = head(of(*specs, plan={"requests": 200}))
    assert said in text if said else "--max-seconds" not in text


def test_a_cell_in_which_nothing_counted_ended_short_too_and_nobody_knows_what_is_enough(
    made: Any, of: Any
) -> None:
    slow = made.spec(rps=5.0, seconds=8, flags=("warmup",))
    text = head(of(slow, made.spec(rps=5.0, seconds=8, concurrency=20), plan={"requests": 200}))
    said = "ended after 8 s with 0-40 of the 200 requests asked for: give them more (--max-seconds)."
    assert f"2 of 2 cells {said}" in text
    no_window = made.spec(rps=5.0, seconds=8, flags=("warmup",), window=False)
    assert "1 of 1 cell ended after 8 s with 0 of the" in head(of(no_window, plan={"requests": 200}))


def test_a_cell_that_had_all_its_requests_did_not_end_short(made: Any, of: Any) -> None:
    """All of them failed, and it never had a window; or something else ended it."""
    refused = made.spec(rps=0.1, seconds=8, failures=200, window=False)
    assert "--max-seconds" not in head(of(refused, plan={"requests": 200}))
    whole = made.spec(rps=5.0, seconds=6.0)
    assert "--max-seconds" not in head(of(whole, plan={"requests": 200}))


@pytest.mark.parametrize(("failures", "advised_time"), [(0, True), (20, True), (60, False)])
def test_more_time_is_no_advice_where_most_requests_fail(
    made: Any, of: Any, failures: int, advised_time: bool
) -> None:
    specs = [made.spec(rps=5.0, seconds=8, failures=failures), made.spec(rps=5.0, seconds=8, repeat=2)]
    text = head(of(*specs, plan={"requests": 200}))
    assert ("2 of 2 cells ended after 8 s" in text) == advised_time
    assert ("1 of 2 cells ended after 8 s" in text) != advised_time
    for window in (True, False):
        refused = made.spec(rps=0.1, seconds=8, failures=24, window=window)
        assert "--max-seconds" not in words(of(refused, plan={"requests": 200}))


@pytest.mark.parametrize(("failed", "cores", "advised_time"), [
    ("generator-lag", 0.0, False), ("steady-state", 0.95, False), ("steady-state", 0.2, True),
    ("configuration", 0.95, True), ("", 0.95, True),
])  # fmt: skip
def test_more_time_is_no_advice_for_what_the_machine_slowed(
    made: Any, of: Any, failed: str, cores: float, advised_time: bool
) -> None:
    own = {"checks": (Check(name=failed, status="fail", text="it was slow"),)} if failed else {}
    slow = made.spec(rps=5.0, seconds=8, others=(OtherProgram(name="make", pid=7, cores=cores),), **own)
    text = words(of(slow, plan={"requests": 200}))
    assert ("1 of 1 cell ended after 8 s" in text) == advised_time
    assert ("--max-seconds" in text) == advised_time


def test_each_master_s_part_of_a_cell_ended_short(made: Any, tmp_path: Path) -> None:
    folders = [
        made.run(tmp_path / name, [made.spec(rps=5.0, seconds=8, seed=seed)], plan={"requests": 200})
        for seed, name in enumerate(("east", "west"))
    ]
    analysis = analysed(*folders)
    assert len(analysis.merged) == 1
    assert [note.cells for note in analysis.noted(EndedShort)] == [
        ("east/local/baseline/c10-r1",), ("west/local/baseline/c10-r1",)
    ]  # fmt: skip


def test_a_report_gives_one_number_of_seconds(made: Any, of: Any) -> None:
    """What lets all requests finish, and what a check asks for, would else be two."""
    slow = Check(name="steady-state", status="fail", text="it was not steady")
    checks = (advised(slow, "give it more time: -t 40s (sweep: --max-seconds 30)"),)
    specs = [made.spec(rps=26 / 8, seconds=8), made.spec(rps=9, seconds=8, repeat=2, checks=checks)]
    analysis = of(*specs, plan={"requests": 200})
    assert words(analysis).count("--max-seconds 70") >= 2
    assert "--max-seconds 30" not in words(analysis)
    assert "--max-seconds 70" in invalid_in_short(analysis)
