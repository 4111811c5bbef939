"""What a sweep measures again: cells that were damaged, and those that the machine spoiled."""

import io
from typing import Any

import pytest
from rich.console import Console

import sweep_world
from records.cells.cell import Check
from records.cells.other_programs import TO_DO, OtherProgram
from records.cells.reader import CellData, read_cell, read_run
from records.files import read_json, write_json
from sweep.deployments.protocol import Endpoint
from sweep.measuring import directory, runner
from sweep.measuring.progress import Progress
from sweep.measuring.unended import begin_cell
from sweep.measuring.workplace import Workplace
from sweep.planning.cell_key import CellKey
from sweep_world import CELL_SECONDS, START_SECONDS, World

LIST: dict[str, Any] = {"levels": (1, 2), "auto": False}


@pytest.mark.parametrize(("name", "damage"), [
    ("requests.jsonl", None), ("requests.jsonl", "a folder"), ("requests.jsonl", lambda kept: b"no\n" + kept),
    ("requests.jsonl", lambda kept: kept[:-9]), ("cell.json", lambda _: b"{}"), ("cell.json", lambda _: b""),
])  # fmt: skip
def test_a_damaged_cell_is_set_aside_with_one_line_and_measured_again(
    sweeping: Any, name: str, damage: Any
) -> None:
    run = sweeping(World(knee=35), repeats=1).swept()
    cell = run.path / "cells/it/as-is/c10-r1"
    kept = (cell / name).read_bytes()
    (cell / name).unlink()
    if damage == "a folder":
        (cell / name).mkdir()
    elif damage:
        (cell / name).write_bytes(damage(kept))
    run.world.measured.clear()
    said = [line for line in run.swept().printed.splitlines() if not line.startswith("[")]
    assert run.world.measured == ["it/as-is/c10-r1"]
    assert len(said) == 1
    assert said[0].startswith("it/as-is/c10-r1 counts as not measured and is now c10-r1.partial-1: ")
    assert cell.with_name("c10-r1.partial-1").is_dir()
    assert read_cell(cell).cell.verdict.valid
    assert "not measured" not in run.swept().printed
    assert run.world.measured == ["it/as-is/c10-r1"]


def test_a_damaged_cell_enters_no_report_where_no_time_is_left_for_it(sweeping: Any) -> None:
    path = sweeping(World(knee=35), **LIST, budget_seconds=100.0).swept().path
    (path / "cells/it/as-is/c02-r2/requests.jsonl").unlink()
    progress = Progress(Console(file=io.StringIO()))
    late = runner.Sweep(directory=path, plan=directory.load(path), progress=progress, started=-1e9)
    late.run()
    assert [key.path for key in late.course.skipped] == ["it/as-is/c02-r2"]
    assert len(read_run(path).cells) == 3


def test_a_level_that_auto_lost_is_measured_again_and_those_above_it_are_not(sweeping: Any) -> None:
    run = sweeping(World(knee=1000), repeats=1, max_level=80).swept()
    (run.path / "cells/it/as-is/c40-r1/requests.jsonl").unlink()
    run.world.measured.clear()
    assert run.swept().world.measured == ["it/as-is/c40-r1"]
    assert len(read_run(run.path).cells) == 5


def test_a_cell_that_the_machine_spoiled_is_measured_again_last_in_its_repeat(sweeping: Any) -> None:
    run = sweeping(World(knee=35, spoils={"it/as-is/c01-r1": 1}), **LIST).swept()
    assert run.world.measured[:3] == [f"it/as-is/{name}-r1" for name in ("c01", "c02", "c01")]
    assert (len(run.world.measured), run.world.starts) == (5, 2)
    assert "\nagain (1 of 2): it/as-is/c01-r1\n" in run.printed
    assert "[ 4/4]" in run.printed
    found = read_run(run.path)
    assert (len(found.cells), found.incomplete) == (4, ())
    assert all(data.cell.verdict.valid for data in found.cells)
    earlier = read_cell(run.path / "cells/it/as-is/c01-r1.try-1")
    assert not earlier.cell.verdict.valid
    assert len(earlier.requests) == 2
    assert read_json(run.path / "run.json")["not_measured_again"] == []


def test_while_all_is_spoiled_the_time_left_counts_down_as_tries_are_used_up(sweeping: Any) -> None:
    run = sweeping(World(knee=35, spoils={"": 99}), **{**LIST, "levels": (1, 2, 3, 4)}, repeats=1).swept()
    said = [
        line.rpartition("(")[2].partition(" left)")[0] for line in run.printed.splitlines() if "left)" in line
    ]
    seconds = [60 * int(minutes) + int(rest) for minutes, _, rest in (one.partition(":") for one in said)]
    again = seconds[3:]  # from here on all tries are of cells that were measured
    assert len(again) == 9
    assert again == sorted(again, reverse=True)
    assert again[-1] == 0


def test_what_the_machine_always_spoils_is_measured_three_times_in_all(sweeping: Any) -> None:
    run = sweeping(World(knee=35, spoils={"it/as-is/c02-r1": 99}), **LIST)
    for _ in range(2):  # resumed, too
        run.swept()
        assert run.world.measured.count("it/as-is/c02-r1") == 3
        assert len(run.world.measured) == 6
    folders = {folder.name for folder in (run.path / "cells/it/as-is").glob("c02-r1*")}
    assert folders == {"c02-r1", "c02-r1.try-1", "c02-r1.try-2"}
    assert len(read_run(run.path).cells) == 4


@pytest.mark.parametrize(("tries", "worst", "counts"), [(1, 1, 1), (2, 1, 2), (2, 2, 1), (2, None, 2)])
@pytest.mark.parametrize("begun", [True, False])
def test_killed_while_it_is_measured_again_a_cell_has_the_best_of_its_tries_until_it_is_resumed(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch, tries: int, worst: int | None, counts: int, begun: bool
) -> None:
    run, name = sweeping(World(knee=35, spoils={"it/as-is/c02-r1": 99}), **LIST), "it/as-is/c02-r1"
    measure, judge = run.world.measure, run.world.judge

    def killed(place: Workplace, key: CellKey, endpoint: Endpoint) -> CellData:
        if run.world.measured.count(name) == tries and key.path == name:
            if begun:
                begin_cell(place.folder(key), key)
            raise KeyboardInterrupt
        return measure(place, key, endpoint)

    def judged(key: CellKey) -> tuple[Check, ...]:
        of_the_load = Check(name="generator-cpu", status="fail", text="it was at work")
        is_worst = key.path == name and run.world.measured.count(name) == worst
        return (*judge(key), of_the_load) if is_worst else judge(key)

    monkeypatch.setattr(run.world, "measure", killed)
    monkeypatch.setattr(run.world, "judge", judged)
    with pytest.raises(KeyboardInterrupt):
        run.swept()
    cell = run.path / "cells" / name
    assert cell.exists() == begun
    found = read_run(run.path)
    assert (found.earlier, found.incomplete) == ((name,), ())
    assert cell.with_name(f"c02-r1.try-{counts}") in [data.path for data in found.cells]
    assert len(found.cells) == 2  # of the first repeat
    monkeypatch.setattr(run.world, "measure", measure)
    assert run.swept().world.measured.count(name) == 3
    assert len(run.world.measured) == 6
    whole = read_run(run.path)
    assert (len(whole.cells), whole.earlier, cell in [data.path for data in whole.cells]) == (4, (), True)


@pytest.mark.parametrize(("worse", "counts"), [
    ((2,), "c02-r1"), ((3,), "c02-r1.try-2"), ((2, 3), "c02-r1.try-1"), ((1, 2, 3), "c02-r1"),
])  # fmt: skip
def test_of_the_tries_of_a_cell_that_stays_invalid_the_one_that_fails_fewest_checks_counts(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch, worse: tuple[int, ...], counts: str
) -> None:
    """Whatever their figures: here the tries that fail more have a better throughput."""
    run, name = sweeping(World(knee=35, spoils={"it/as-is/c02-r1": 99}), **LIST), "it/as-is/c02-r1"
    judge = run.world.judge

    def judged(key: CellKey) -> tuple[Check, ...]:
        is_worse = key.path == name and run.world.measured.count(name) in worse
        run.world.knee = 70 if is_worse else 35
        of_the_service = Check(name="failures", status="fail", text="it answered nothing well")
        return (*judge(key), of_the_service) if is_worse else judge(key)

    monkeypatch.setattr(run.world, "judge", judged)
    for _ in range(2):  # resumed, too
        run.swept()
        assert run.world.measured.count(name) == (1 if worse == (1, 2, 3) else 3)
        found = read_run(run.path)
        assert [data.path.name for data in found.cells if data.cell.name == name] == [counts]
        assert found.last_worse == ((name,) if counts != "c02-r1" else ())
        assert (len(found.cells), found.earlier, found.incomplete) == (4, (), ())
        # The report calls it the machine's doing: the sweep does not go by what it does not show.
        assert any(key.path == name for key in run.sweep.search.failed) is (worse == (1, 2, 3))
    assert (run.path / "cells" / name).is_dir()


def test_of_a_try_whose_target_ended_a_check_is_failed_that_its_cell_does_not_have(sweeping: Any) -> None:
    run = sweeping(World(knee=35, spoils={"it/as-is/c02-r1": 99}), **LIST).swept()
    cell = run.path / "cells/it/as-is/c02-r1"
    write_json(cell / "ended.json", {"text": "it ended with 1"})
    counts = [data.path for data in read_run(run.path).cells if data.cell.name == "it/as-is/c02-r1"]
    assert counts == [cell.with_name("c02-r1.try-2")]


def test_auto_goes_by_a_level_that_was_measured_again(sweeping: Any) -> None:
    # Every cell is spoiled once: without another try there would be no level to go by.
    run = sweeping(World(knee=35, spoils={"": 1}), repeats=1).swept()
    names = run.world.measured
    assert {name[-6:-3] for name in names} == {"c01", "c10", "c20", "c30", "c40", "c80"}
    assert len(names) == 12
    assert all(data.cell.verdict.valid for data in read_run(run.path).cells)
    assert run.sweep.course.spoiled == {}
    # 40 users are asked when 20 have been measured again, and not before.
    assert "it/as-is/c20-r1" not in names[names.index("it/as-is/c40-r1") :]


def test_a_level_that_stays_spoiled_decides_no_knee_and_is_asked_first_next(sweeping: Any) -> None:
    measured = sweeping(World(knee=1000, spoils={"it/as-is/c80-r1": 99})).swept().world.measured
    first, second = ([name for name in measured if name.endswith(r)] for r in ("r1", "r2"))
    assert max(int(name[-6:-3].strip("/c")) for name in first) == 80
    assert first.count("it/as-is/c80-r1") == 3
    assert "it/as-is/c80-r2" in second[:3]


def test_a_budget_keeps_a_part_for_what_is_spoiled(sweeping: Any) -> None:
    plan = {**LIST, "levels": tuple(range(1, 21)), "repeats": 1}
    world = World(knee=35, spoils={"it/as-is/c01-r1": 1})
    run = sweeping(world, **plan, budget_seconds=START_SECONDS + 10 * CELL_SECONDS).swept()
    assert world.measured.count("it/as-is/c01-r1") == 2
    assert run.sweep.course.spoiled == {}
    assert run.sweep.course.skipped


def test_a_budget_says_what_it_had_no_time_to_measure_again(sweeping: Any) -> None:
    plan = {**LIST, "levels": (1,), "repeats": 1}
    world = World(knee=35, spoils={"it/as-is/c01-r1": 1})
    run = sweeping(world, **plan, budget_seconds=START_SECONDS + CELL_SECONDS + 3).swept()
    facts = read_json(run.path / "run.json")
    assert world.measured == ["it/as-is/c01-r1"]
    assert (facts["budget_ended"], facts["not_measured_again"]) == (False, ["it/as-is/c01-r1"])
    run.swept()  # resumed, with another budget
    assert len(world.measured) == 2
    assert read_json(run.path / "run.json")["not_measured_again"] == []


@pytest.mark.parametrize(("left", "times"), [(25.0, 2), (23.0, 1)])
def test_a_cell_that_was_too_short_is_given_longer_if_there_is_time(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch, left: float, times: int
) -> None:
    monkeypatch.setattr(runner, "wanted_seconds", lambda folder, plan: 24)
    plan = {**LIST, "levels": (1,), "repeats": 1}
    world = World(knee=35, spoils={"it/as-is/c01-r1": 1})
    run = sweeping(world, **plan, budget_seconds=START_SECONDS + CELL_SECONDS + left).swept()
    assert len(world.measured) == times
    said = "again (1 of 2): it/as-is/c01-r1, for 24 s at most"
    assert (said in run.printed) == (times == 2)


def test_one_that_wants_more_time_than_there_is_stops_no_other(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"it/as-is/c0{users}-r1" for users in (1, 2, 3, 4)]
    plan: dict[str, Any] = {**LIST, "levels": (1, 2, 3, 4), "repeats": 1}
    for long in names:  # one of them is the first in the seed's order
        wanted = {long[-len("c01-r1") :]: 500}
        monkeypatch.setattr(
            runner, "wanted_seconds", lambda folder, plan, wanted=wanted: wanted.get(folder.name)
        )
        world = World(knee=35, spoils=dict.fromkeys(names, 1))
        run = sweeping(world, **plan, budget_seconds=START_SECONDS + 4 * CELL_SECONDS + 200).swept()
        assert sorted(world.measured[4:]) == [name for name in names if name != long]
        assert read_json(run.path / "run.json")["not_measured_again"] == [long]


def test_times_that_cannot_be_are_no_fault_of_the_target(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = sweep_world.RequestRecord
    monkeypatch.setattr(sweep_world, "RequestRecord", lambda **known: record(**{**known, "sent_at_ns": 3}))
    run = sweeping(World(knee=35), **LIST, repeats=2).swept()  # all of it ended before it was sent
    assert {one.name for data in read_run(run.path).cells for one in data.cell.verdict.failures} == {
        "possible-times"
    }
    assert len(run.world.measured) == 4  # the second repeat, too
    assert "the target failed" not in run.printed


@pytest.mark.parametrize(("valid", "measured"), [(0, 15), (1, 48)])
def test_a_machine_that_spoils_all_is_given_up_and_what_it_measured_is_kept(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch, valid: int, measured: int
) -> None:
    names = [f"it/as-is/c{users:02}-r{repeat}" for users in range(1, 9) for repeat in (1, 2)]
    make = OtherProgram(name="make", pid=7, cores=0.951)
    world = World(knee=35, spoils=dict.fromkeys(names[valid:], 99), others=(make,))
    run = sweeping(world, levels=tuple(range(1, 9)), auto=False).swept()
    assert len(world.measured) == measured - 2 * valid
    assert run.printed.count(f": meanwhile other programs took of a core: make (pid 7) 95 %; {TO_DO}\n") == 1
    assert {data.cell.other_programs for data in read_run(run.path).cells} == {(make,)}
    facts, why = read_json(run.path / "run.json"), run.sweep.course.given_up
    assert (why is None, facts["budget_ended"]) == (valid == 1, False)
    assert facts["not_measured_because"] == dict.fromkeys(facts["not_measured"], why)
    assert len(read_run(run.path).cells) + len(facts["not_measured"]) == 16
    if why:
        assert why.startswith(
            "the machine spoiled all 15 measurements, 15 of them by generator-lag (the load "
        )
        assert why.endswith(
            f"; while the last was measured, other programs took of a core: make (pid 7) 95 %; {TO_DO}"
        )
        world.spoils.clear()  # and it is quiet when the sweep is resumed
        assert run.swept().sweep.course.given_up is None
        assert all(data.cell.verdict.valid for data in read_run(run.path).cells)
