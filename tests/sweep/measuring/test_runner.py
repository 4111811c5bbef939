"""The loop, with a clock and a service that are made up: what it measures, what it has no time for."""

import errno
import re
from pathlib import Path
from typing import Any

import pytest

from records.cells.reader import CellData
from records.files import read_json
from records.services.variants import MOCKS
from sweep.measuring import directory
from sweep.planning.cell_key import CellKey
from sweep.planning.grid import BASE_LEVELS
from sweep.running.errors import UsageError
from sweep_world import CELL_SECONDS, START_SECONDS, World, planned, swept


def test_auto_reaches_the_knee_and_then_repeats_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=35)
    path = directory.create(tmp_path, "t", planned())
    sweep, counter = swept(path, world, monkeypatch)
    levels: dict[int, set[int]] = {1: set(), 2: set()}
    for name in world.measured:
        found = re.fullmatch(r"it/as-is/c(\d+)-r(\d)", name)
        assert found
        levels[int(found[2])].add(int(found[1]))
    # 40 users bring more than a tenth more than 30 do, 80 bring nothing more.
    assert levels[1] == levels[2] == {*BASE_LEVELS, 30, 40, 80}
    assert counter == "12/12"
    # In the second repeat those first that decide it, then those that are compared.
    users = [name[-6:-3] for name in world.measured if name.endswith("r2")]
    assert [set(users[:3]), set(users[3:5]), set(users[5:])] == [
        {"c30", "c40", "c80"},
        {"c10", "c20"},
        {"c01"},
    ]
    assert sweep.skipped == []
    assert world.starts == 2
    run = read_json(path / "run.json")
    assert (run["status"], run["budget_ended"], run["not_measured"]) == ("complete", False, [])


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "interrupted"), (OSError, "failed")])
def test_a_sweep_that_is_cut_short_is_settled_with_what_it_knew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], status: str
) -> None:
    def cut(*_: object) -> CellData:
        raise error

    world = World(knee=35)
    monkeypatch.setattr(world, "measure", cut)
    path = directory.create(tmp_path, "t", planned())
    with pytest.raises(error), directory.settled(path):
        swept(path, world, monkeypatch)
    run = read_json(path / "run.json")
    assert (run["status"], run["budget_ended"], run["not_measured"]) == (status, False, [])


def test_what_ended_a_sweep_is_told_where_run_json_cannot_be_written_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk."""
    world = World(knee=35)

    def fill(place: Any, key: CellKey, *_: object) -> CellData:
        monkeypatch.setattr("sweep.measuring.runner.write_run", refuse)
        raise OSError(errno.ENOSPC, "full", "locust.log")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full", "run.json")

    monkeypatch.setattr(world, "measure", fill)
    path = directory.create(tmp_path, "t", planned())
    with pytest.raises(OSError, match=r"locust\.log"):
        swept(path, world, monkeypatch)


def test_a_budget_that_the_knee_uses_up_leaves_the_second_repeat_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=20)
    # Three levels, 40 and 15 users in the first repeat; then 3 seconds are left, in which no target starts.
    path = directory.create(tmp_path, "t", planned(budget_seconds=START_SECONDS + 5 * CELL_SECONDS + 3))
    swept(path, world, monkeypatch)
    assert len(world.measured) == 5
    assert world.starts == 1
    run = read_json(path / "run.json")
    assert run["budget_ended"]
    assert sorted(run["not_measured"]) == sorted(f"it/as-is/c{n:02d}-r2" for n in (*BASE_LEVELS, 15, 40))


def test_a_budget_that_ends_before_the_knee_names_the_level_that_was_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=1000)
    path = directory.create(
        tmp_path, "t", planned(repeats=1, budget_seconds=START_SECONDS + 5 * CELL_SECONDS + 3)
    )
    swept(path, world, monkeypatch)
    assert len(world.measured) == 5
    assert read_json(path / "run.json")["not_measured"] == ["it/as-is/c160-r1"]


@pytest.mark.parametrize("cells", [2, 3, 4, 5, 8])
def test_resumed_after_its_budget_it_measures_what_is_missing_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    world = World(knee=35)
    path = directory.create(tmp_path, "t", planned(budget_seconds=START_SECONDS + cells * CELL_SECONDS))
    runs = 0
    while not runs or read_json(path / "run.json")["budget_ended"]:
        _, counter = swept(path, world, monkeypatch)
        runs += 1
        assert runs <= 20, "it never comes to an end"
    assert len(world.measured) == len(set(world.measured)) == 12
    assert counter == "12/12"
    before = world.starts
    swept(path, world, monkeypatch)
    assert (world.starts, len(world.measured)) == (before, 12)


def test_what_answers_nobody_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(knee=35, answers_up_to=0)
    path = directory.create(tmp_path, "t", planned())
    for _ in range(2):  # resumed, too
        swept(path, world, monkeypatch)
        assert world.measured == ["it/as-is/c01-r1"]
        assert world.starts == 1
        run = read_json(path / "run.json")
        assert (run["status"], run["budget_ended"]) == ("complete", False)
        assert len(run["not_measured"]) == 2 * len(BASE_LEVELS) - 1


def test_what_answers_few_users_is_not_asked_by_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(knee=35, answers_up_to=5)
    path = directory.create(tmp_path, "t", planned())
    swept(path, world, monkeypatch)
    assert {f"it/as-is/c{n:02d}-r{r}" for n in (1, 3, 5) for r in (1, 2)} <= set(world.measured)
    over = [name for name in world.measured if int(name[-6:-3].lstrip("c")) > 5]
    assert over in (["it/as-is/c10-r1"], ["it/as-is/c20-r1", "it/as-is/c10-r1"])


def test_what_cannot_be_proved_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(knee=35)
    path = directory.create(tmp_path, "t", planned(variants=(MOCKS["baseline"],)))
    with pytest.raises(UsageError, match="it has no /config, so baseline can't be proved there"):
        swept(path, world, monkeypatch)
    assert world.measured == []
