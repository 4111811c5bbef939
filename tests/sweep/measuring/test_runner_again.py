"""What a sweep measures again: cells that were damaged, and those that the machine spoiled."""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from records.cells.reader import CellData, read_cell, read_run
from records.files import read_json
from sweep.deployments.protocol import Endpoint
from sweep.measuring import directory, runner
from sweep.measuring.cell import Workplace
from sweep.measuring.progress import Progress
from sweep.planning.cell_key import CellKey
from sweep_world import CELL_SECONDS, START_SECONDS, World, planned, swept, swept_aloud


def _gone(cell: Path) -> None:
    (cell / "requests.jsonl").unlink()


def _a_bad_line(cell: Path) -> None:
    path = cell / "requests.jsonl"
    path.write_bytes(b"nonsense\n" + path.read_bytes())


def _cut_short(cell: Path) -> None:
    path = cell / "requests.jsonl"
    path.write_bytes(path.read_bytes()[:-9])


def _no_cell(cell: Path) -> None:
    (cell / "cell.json").write_text("{}")


def _no_json(cell: Path) -> None:
    (cell / "cell.json").write_bytes(b"\0" * 9)


def _a_folder(cell: Path) -> None:
    _gone(cell)
    (cell / "requests.jsonl").mkdir()


@pytest.mark.parametrize("damage", [_gone, _a_bad_line, _cut_short, _no_cell, _no_json, _a_folder])
def test_a_damaged_cell_is_set_aside_with_one_line_and_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, damage: Callable[[Path], None]
) -> None:
    world = World(knee=35)
    path = directory.create(tmp_path, "t", planned(repeats=1))
    swept(path, world, monkeypatch)
    cell = path / "cells/it/as-is/c10-r1"
    damage(cell)
    world.measured.clear()
    _, printed = swept_aloud(path, world, monkeypatch)
    assert world.measured == ["it/as-is/c10-r1"]
    said = [line for line in printed.splitlines() if not line.startswith("[")]
    assert len(said) == 1
    assert said[0].startswith("it/as-is/c10-r1 counts as not measured and is now c10-r1.partial-1: ")
    assert cell.with_name("c10-r1.partial-1").is_dir()
    assert read_cell(cell).cell.verdict.valid
    _, printed = swept_aloud(path, world, monkeypatch)
    assert world.measured == ["it/as-is/c10-r1"]
    assert "not measured" not in printed


def test_a_damaged_cell_enters_no_report_where_no_time_is_left_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=35)
    path = directory.create(tmp_path, "t", planned(levels=(1, 2), auto=False, budget_seconds=100.0))
    swept(path, world, monkeypatch)
    _gone(path / "cells/it/as-is/c02-r2")
    progress = Progress(Console(file=io.StringIO()))
    late = runner.Sweep(directory=path, plan=directory.load(path), progress=progress, started=-1e9)
    late.run()
    assert [key.path for key in late.skipped] == ["it/as-is/c02-r2"]
    assert len(read_run(path).cells) == 3


def test_a_level_that_auto_lost_is_measured_again_and_those_above_it_are_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=1000)
    path = directory.create(tmp_path, "t", planned(repeats=1, max_level=80))
    swept(path, world, monkeypatch)
    _gone(path / "cells/it/as-is/c40-r1")
    world.measured.clear()
    swept(path, world, monkeypatch)
    assert world.measured == ["it/as-is/c40-r1"]
    assert len(read_run(path).cells) == 5


LIST: dict[str, Any] = {"levels": (1, 2), "auto": False}


def test_a_cell_that_the_machine_spoiled_is_measured_again_last_in_its_repeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=35, spoils={"it/as-is/c01-r1": 1})
    path = directory.create(tmp_path, "t", planned(**LIST))
    _, printed = swept_aloud(path, world, monkeypatch)
    first, *others = world.measured[:3]
    assert first == "it/as-is/c01-r1"
    assert others == ["it/as-is/c02-r1", "it/as-is/c01-r1"]
    assert len(world.measured) == 5
    assert world.starts == 2
    assert "\nagain (1 of 2): it/as-is/c01-r1\n" in printed
    assert "[ 4/4]" in printed
    run = read_run(path)
    assert (len(run.cells), run.incomplete) == (4, ())
    assert all(data.cell.verdict.valid for data in run.cells)
    earlier = path / "cells/it/as-is/c01-r1.try-1"
    assert not read_cell(earlier).cell.verdict.valid
    assert len(read_cell(earlier).requests) == 2
    assert read_json(path / "run.json")["not_measured_again"] == []


def test_what_the_machine_always_spoils_is_measured_three_times_in_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=35, spoils={"it/as-is/c02-r1": 99})
    path = directory.create(tmp_path, "t", planned(**LIST))
    for _ in range(2):  # resumed, too
        swept(path, world, monkeypatch)
        assert world.measured.count("it/as-is/c02-r1") == 3
        assert len(world.measured) == 6
    folders = sorted(folder.name for folder in (path / "cells/it/as-is").iterdir() if "c02-r1" in folder.name)
    assert folders == ["c02-r1", "c02-r1.try-1", "c02-r1.try-2"]
    assert len(read_run(path).cells) == 4


@pytest.mark.parametrize("tries", [1, 2])
def test_killed_before_it_is_measured_again_a_cell_is_missing_and_its_tries_count(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, tries: int
) -> None:
    world = World(knee=35, spoils={"it/as-is/c02-r1": 99})
    path = directory.create(tmp_path, "t", planned(**LIST))
    measure = world.measure

    def killed(place: Workplace, key: CellKey, endpoint: Endpoint) -> CellData:
        if world.measured.count("it/as-is/c02-r1") == tries and key.path == "it/as-is/c02-r1":
            raise KeyboardInterrupt
        return measure(place, key, endpoint)

    monkeypatch.setattr(world, "measure", killed)
    with pytest.raises(KeyboardInterrupt):
        swept(path, world, monkeypatch)
    cell = path / "cells/it/as-is/c02-r1"
    assert not cell.exists()
    assert cell.with_name(f"c02-r1.try-{tries}").is_dir()
    monkeypatch.setattr(world, "measure", measure)
    swept(path, world, monkeypatch)
    assert world.measured.count("it/as-is/c02-r1") == 3
    assert len(world.measured) == 6
    assert len(read_run(path).cells) == 4


def test_auto_goes_by_a_level_that_was_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every cell is spoiled once: without another try there would be no level to go by.
    world = World(knee=35, spoils={"": 1})
    path = directory.create(tmp_path, "t", planned(repeats=1))
    sweep, _ = swept(path, world, monkeypatch)
    assert {name[-6:-3] for name in world.measured} == {"c01", "c10", "c20", "c30", "c40", "c80"}
    assert len(world.measured) == 12
    assert all(data.cell.verdict.valid for data in read_run(path).cells)
    assert sweep.spoiled == {}
    # 40 users are asked when 20 have been measured again, and not before.
    assert world.measured.index("it/as-is/c40-r1") > _last(world.measured, "it/as-is/c20-r1")


def _last(names: list[str], name: str) -> int:
    return len(names) - 1 - names[::-1].index(name)


def test_a_level_that_stays_spoiled_decides_no_knee_and_is_asked_first_in_the_next_repeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=1000, spoils={"it/as-is/c80-r1": 99})
    path = directory.create(tmp_path, "t", planned())
    swept(path, world, monkeypatch)
    first = [name for name in world.measured if name.endswith("r1")]
    assert max(int(name[-6:-3].strip("/c")) for name in first) == 80
    assert first.count("it/as-is/c80-r1") == 3
    second = [name for name in world.measured if name.endswith("r2")]
    assert "it/as-is/c80-r2" in second[:3]


def test_a_budget_keeps_a_part_for_what_is_spoiled_and_says_what_it_had_no_time_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    levels = tuple(range(1, 21))
    spoils = {"it/as-is/c01-r1": 1}
    plan = planned(levels=levels, auto=False, repeats=1, budget_seconds=START_SECONDS + 10 * CELL_SECONDS)
    world = World(knee=35, spoils=dict(spoils))
    path = directory.create(tmp_path, "t", plan)
    sweep, _ = swept(path, world, monkeypatch)
    assert world.measured.count("it/as-is/c01-r1") == 2
    assert sweep.spoiled == {}
    assert sweep.skipped
    tight = planned(levels=(1,), auto=False, repeats=1, budget_seconds=START_SECONDS + CELL_SECONDS + 3)
    world = World(knee=35, spoils=dict(spoils))
    path = directory.create(tmp_path, "tight", tight)
    sweep, _ = swept(path, world, monkeypatch)
    assert world.measured == ["it/as-is/c01-r1"]
    run = read_json(path / "run.json")
    assert (run["budget_ended"], run["not_measured_again"]) == (False, ["it/as-is/c01-r1"])
    swept(path, world, monkeypatch)  # resumed, with another budget
    assert len(world.measured) == 2
    assert read_json(path / "run.json")["not_measured_again"] == []
