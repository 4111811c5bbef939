"""The loop, with a clock and a service that are made up: what it measures, what it has no time for."""

import errno
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from records.files import read_json
from records.services.variants import MOCKS
from sweep.measuring import course, directory, runner
from sweep.planning.grid import BASE_LEVELS
from sweep.planning.options import parse_targets
from sweep.planning.target import Target
from sweep.running.errors import NotUp, OutOfTime, UsageError
from sweep_world import CELL_SECONDS, START_SECONDS, World


def _told(run: Any) -> tuple[str, bool, list[str]]:
    facts = read_json(run.path / "run.json")
    return facts["status"], facts["budget_ended"], facts["not_measured"]


def test_auto_reaches_the_knee_and_then_repeats_it_all(sweeping: Any) -> None:
    run = sweeping(World(knee=35)).swept()
    first, second = ([int(n[-5:-3]) for n in run.world.measured if n.endswith(r)] for r in ("r1", "r2"))
    # 40 users bring more than a tenth more than 30 do, 80 bring nothing more.
    assert set(first) == set(second) == {*BASE_LEVELS, 30, 40, 80}
    assert len(run.world.measured) == 12
    assert "[12/12]" in run.printed
    # In the second repeat those first that decide it, then those that are compared.
    assert [set(second[:3]), set(second[3:5]), set(second[5:])] == [{30, 40, 80}, {10, 20}, {1}]
    assert run.sweep.course.skipped == []
    assert run.world.starts == 2
    assert _told(run) == ("complete", False, [])


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "interrupted"), (OSError, "failed")])
def test_a_sweep_that_is_cut_short_is_settled_with_what_it_knew(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], status: str
) -> None:
    def cut(*_: object) -> None:
        raise error

    run = sweeping(World(knee=35))
    monkeypatch.setattr(run.world, "measure", cut)
    with pytest.raises(error), directory.settled(run.path):
        run.swept()
    assert _told(run) == (status, False, [])


def test_what_ended_a_sweep_is_told_where_run_json_cannot_be_written_either(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk."""

    def fill(*_: object) -> None:
        monkeypatch.setattr(runner, "write_run", refuse)
        raise OSError(errno.ENOSPC, "full", "locust.log")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full", "run.json")

    run = sweeping(World(knee=35))
    monkeypatch.setattr(run.world, "measure", fill)
    with pytest.raises(OSError, match=r"locust\.log"):
        run.swept()


# Five cells; then 3 seconds are left, in which no target starts.
@pytest.mark.parametrize(("knee", "repeats", "missing"), [
    (20, 2, [f"it/as-is/c{n:02d}-r2" for n in sorted((*BASE_LEVELS, 15, 40))]),
    (1000, 1, ["it/as-is/c160-r1"]),
])  # fmt: skip
def test_what_a_budget_leaves_is_said(sweeping: Any, knee: int, repeats: int, missing: list[str]) -> None:
    budget = START_SECONDS + 5 * CELL_SECONDS + 3
    run = sweeping(World(knee=knee), repeats=repeats, budget_seconds=budget).swept()
    assert (len(run.world.measured), run.world.starts) == (5, 1)
    _, ended, left = _told(run)
    assert (ended, sorted(left)) == (True, missing)


def test_a_budget_that_ends_while_targets_get_ready_keeps_what_was_measured(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=35)
    start = world.start

    def never_ready(name: str, settings: Any) -> Any:
        if world.starts:
            raise OutOfTime("the budget ended before the target was ready")
        return start(name, settings)

    monkeypatch.setattr(world, "start", never_ready)
    run = sweeping(world, levels=(1, 2), auto=False, repeats=2, budget_seconds=100.0).swept()
    assert world.measured == ["it/as-is/c01-r1", "it/as-is/c02-r1"]
    assert _told(run) == ("complete", True, ["it/as-is/c01-r2", "it/as-is/c02-r2"])
    assert "\nas-is (it): the budget ended before the target was ready\n" in run.printed


def test_a_budget_that_ends_while_targets_get_ready_is_the_end_where_nothing_was_measured(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that come after it are not started."""
    world = World(knee=35)
    monkeypatch.setattr(Target, "kept", lambda target: {})
    both = parse_targets(["first=run:true", "second=run:true"])
    run = sweeping(world, targets=both, levels=(1,), auto=False, budget_seconds=START_SECONDS - 1)
    why = r"before as-is \(second\) was started; give it more time by --budget \(none: as long as it takes\)"
    with pytest.raises(OutOfTime, match=why):
        run.swept()
    assert (world.starts, world.measured) == (1, [])


@pytest.mark.parametrize("cells", [2, 3, 5, 8])
def test_resumed_after_its_budget_it_measures_what_is_missing_and_nothing_twice(
    sweeping: Any, cells: int
) -> None:
    run, runs = sweeping(World(knee=35), budget_seconds=START_SECONDS + cells * CELL_SECONDS), 0
    while not runs or _told(run)[1]:
        run.swept()
        runs += 1
        assert runs <= 20, "it never comes to an end"
    assert len(run.world.measured) == len(set(run.world.measured)) == 12
    assert "[12/12]" in run.printed
    before = run.world.starts
    run.swept()
    assert (run.world.starts, len(run.world.measured)) == (before, 12)


def test_what_answers_nobody_is_asked_once(sweeping: Any) -> None:
    run = sweeping(World(knee=35, answers_up_to=0))
    for _ in range(2):  # resumed, too
        run.swept()
        assert (run.world.measured, run.world.starts) == (["it/as-is/c01-r1"], 1)
        status, ended, left = _told(run)
        assert (status, ended, len(left)) == ("complete", False, 2 * len(BASE_LEVELS) - 1)
        because = read_json(run.path / "run.json")["not_measured_because"]
        assert because == dict.fromkeys(left, "not one good answer came with 1 user")


def test_what_answers_few_users_is_not_asked_by_more(sweeping: Any) -> None:
    measured = sweeping(World(knee=35, answers_up_to=5)).swept().world.measured
    assert {f"it/as-is/c{n:02d}-r{r}" for n in (1, 3, 5) for r in (1, 2)} <= set(measured)
    over = [name for name in measured if int(name[-5:-3]) > 5]
    assert over in (["it/as-is/c10-r1"], ["it/as-is/c20-r1", "it/as-is/c10-r1"])


def test_what_is_not_up_again_is_left_and_the_others_are_measured(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without others, and before anything was measured, it ends the sweep."""

    def measure(place: Any, key: Any, endpoint: Any) -> Any:
        if key.deployment == "sick":
            raise NotUp("not up again")
        return World.measure(world, place, key, endpoint)

    world = World(knee=35)
    monkeypatch.setattr(world, "measure", measure)
    both = parse_targets(["sick=url:http://127.0.0.1:1", "well=url:http://127.0.0.1:2"])
    run = sweeping(world, targets=both, auto=False, levels=(1, 2), repeats=2).swept()
    assert sorted(world.measured) == [f"well/as-is/c0{n}-r{r}" for n in (1, 2) for r in (1, 2)]
    status, _, left = _told(run)
    assert (status, sorted(left)) == ("complete", [f"sick/as-is/c0{n}-r{r}" for n in (1, 2) for r in (1, 2)])
    assert run.printed.count("not up again; sick/as-is is measured no more in this repeat") == 2
    assert set(read_json(run.path / "run.json")["not_measured_because"].values()) == {"not up again"}
    with pytest.raises(NotUp):
        sweeping(world, targets=both[:1], auto=False, levels=(1,)).swept()


def test_what_cannot_be_proved_is_not_measured(sweeping: Any) -> None:
    run = sweeping(World(knee=35), variants=(MOCKS["baseline"],))
    with pytest.raises(UsageError, match="it has no /config, so baseline can't be proved there"):
        run.swept()
    assert run.world.measured == []


def test_a_predicted_knee_chooses_the_next_levels_and_a_resumed_sweep_goes_the_same_way(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def foreseen(run: Path, folders: Sequence[Path]) -> int:
        asked.append(sorted(folder.name for folder in folders))
        return 35

    monkeypatch.setattr(course, "foreseen_knee", foreseen)
    run = sweeping(World(knee=35), repeats=1).swept()
    assert asked == [["c01-r1", "c10-r1", "c20-r1"]]
    further = [f"it/as-is/c{n}-r1" for n in (35, 53, 30)]
    assert run.world.measured[len(BASE_LEVELS) :] == further
    assert run.swept().world.measured[len(BASE_LEVELS) :] == further


def test_the_code_of_an_app_is_that_which_it_was_started_with(
    sweeping: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Files that change while it runs are not what runs."""
    said: list[str] = []

    def seen(target: Target) -> dict[str, str]:
        said.append(f"{len(said)}")
        return {"code": said[-1]}

    monkeypatch.setattr(Target, "kept", seen)
    run = sweeping(World(knee=35), levels=(1, 2), auto=False, repeats=2).swept()
    assert (len(run.world.measured), len(said)) == (4, run.world.starts)
