"""The loop, with a clock and a service that are made up: what it measures, what it has no time for."""

import errno
import io
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from records.cell import Cell, Check, Verdict
from records.files import read_json, write_json
from records.reader import CellData, read_cell, read_run
from records.request import Outcome, RequestRecord
from records.variants import MOCKS, Variant
from sweep import directory, runner, targets
from sweep.cell import Workplace
from sweep.deployments.protocol import Endpoint, Setup
from sweep.grid import BASE_LEVELS
from sweep.options import parse_targets
from sweep.plan import CellKey, Plan
from sweep.progress import Progress
from sweep.running.errors import UsageError
from sweep.target import Target

CELL_SECONDS = 10.0
START_SECONDS = 4.0


@dataclass
class World:
    """Time, and a service whose throughput stops growing at ``knee`` users."""

    knee: int
    answers_up_to: float = float("inf")
    """Users; more than these get no good answer at all."""
    now: float = 0.0
    starts: int = 0
    measured: list[str] = field(default_factory=list)
    spoils: dict[str, int] = field(default_factory=dict)
    """So many measurements of a cell the machine spoils yet; "" stands for every other cell."""

    def monotonic(self) -> float:
        return self.now

    def deployment_of(self, target: Target, setup: Setup) -> "World":
        return self

    def start(self, name: str, settings: Mapping[str, str]) -> Endpoint:
        self.now += START_SECONDS
        self.starts += 1
        return Endpoint(base_url="http://nowhere")

    def stop(self) -> None:
        pass

    def measure(self, place: Workplace, key: CellKey, endpoint: Endpoint) -> CellData:
        self.now += CELL_SECONDS
        self.measured.append(key.path)
        folder = place.folder(key)
        folder.mkdir(parents=True)
        names = {"deployment": key.deployment, "config": key.config, "repeat": key.repeat}
        rps = float(min(key.concurrency, self.knee))
        achieved = {"rps": rps, "requests": 2, "window": {"start_ns": 0, "end_ns": 9}}
        judged = Verdict(checks=(self.judge(key),))
        cell = Cell(**names, concurrency=key.concurrency, complete=True, achieved=achieved, verdict=judged)
        write_json(folder / "cell.json", cell.to_json())
        outcome = "ok" if key.concurrency <= self.answers_up_to else "http_error"
        (folder / "requests.jsonl").write_bytes(_request(outcome).encode() * 2)
        return read_cell(folder)

    def judge(self, key: CellKey) -> Check:
        left = self.spoils.get(key.path, self.spoils.get("", 0))
        self.spoils[key.path] = left - 1
        if left > 0:
            return Check(name="generator-lag", status="fail", text="the load was late")
        return Check(name="workers", status="pass")


def _request(outcome: Outcome) -> RequestRecord:
    return RequestRecord(
        run="t",
        cell="c",
        worker="local",
        region="",
        user=0,
        seq=1,
        sent_at_ns=1,
        ended_at_ns=2,
        outcome=outcome,
    )


def _plan(**changes: Any) -> Plan:
    base: dict[str, Any] = {
        "name": "t",
        "targets": parse_targets(["it=url:http://127.0.0.1:1"]),
        "variants": (Variant(name="as-is"),),
        "levels": BASE_LEVELS,
        "auto": True,
    }
    return Plan(**{**base, **changes})


def _run(path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[runner.Sweep, str]:
    """The sweep when it is done, and the last counter that was printed, as ``3/4``."""
    sweep, printed = _printed(path, world, monkeypatch)
    counters = re.findall(r"^\[ *(\d+/\d+)\]", printed, re.MULTILINE)
    return sweep, counters[-1] if counters else ""


def _printed(path: Path, world: World, monkeypatch: pytest.MonkeyPatch) -> tuple[runner.Sweep, str]:
    """The sweep when it is done, and all that was printed."""
    monkeypatch.setattr(runner, "time", world)
    monkeypatch.setattr(runner, "measure", world.measure)
    monkeypatch.setattr(targets, "time", world)
    monkeypatch.setattr(targets, "deployment_of", world.deployment_of)
    printed = io.StringIO()
    progress = Progress(Console(file=printed, width=200))
    sweep = runner.Sweep(directory=path, plan=directory.load(path), progress=progress, started=world.now)
    sweep.run()
    return sweep, printed.getvalue()


def test_auto_reaches_the_knee_and_then_repeats_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=35)
    path = directory.create(tmp_path, "t", _plan())
    sweep, counter = _run(path, world, monkeypatch)
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
    path = directory.create(tmp_path, "t", _plan())
    with pytest.raises(error), directory.settled(path):
        _run(path, world, monkeypatch)
    run = read_json(path / "run.json")
    assert (run["status"], run["budget_ended"], run["not_measured"]) == (status, False, [])


def test_what_ended_a_sweep_is_told_where_run_json_cannot_be_written_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a full disk."""
    world = World(knee=35)

    def fill(place: Any, key: CellKey, *_: object) -> CellData:
        monkeypatch.setattr("sweep.runner.write_run", refuse)
        raise OSError(errno.ENOSPC, "full", "locust.log")

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.ENOSPC, "full", "run.json")

    monkeypatch.setattr(world, "measure", fill)
    path = directory.create(tmp_path, "t", _plan())
    with pytest.raises(OSError, match=r"locust\.log"):
        _run(path, world, monkeypatch)


def test_a_budget_that_the_knee_uses_up_leaves_the_second_repeat_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=20)
    # Three levels, 40 and 15 users in the first repeat; then 3 seconds are left, in which no target starts.
    path = directory.create(tmp_path, "t", _plan(budget_seconds=START_SECONDS + 5 * CELL_SECONDS + 3))
    _run(path, world, monkeypatch)
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
        tmp_path, "t", _plan(repeats=1, budget_seconds=START_SECONDS + 5 * CELL_SECONDS + 3)
    )
    _run(path, world, monkeypatch)
    assert len(world.measured) == 5
    assert read_json(path / "run.json")["not_measured"] == ["it/as-is/c160-r1"]


@pytest.mark.parametrize("cells", [2, 3, 4, 5, 8])
def test_resumed_after_its_budget_it_measures_what_is_missing_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    world = World(knee=35)
    path = directory.create(tmp_path, "t", _plan(budget_seconds=START_SECONDS + cells * CELL_SECONDS))
    runs = 0
    while not runs or read_json(path / "run.json")["budget_ended"]:
        _, counter = _run(path, world, monkeypatch)
        runs += 1
        assert runs <= 20, "it never comes to an end"
    assert len(world.measured) == len(set(world.measured)) == 12
    assert counter == "12/12"
    before = world.starts
    _run(path, world, monkeypatch)
    assert (world.starts, len(world.measured)) == (before, 12)


def test_what_answers_nobody_is_asked_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(knee=35, answers_up_to=0)
    path = directory.create(tmp_path, "t", _plan())
    for _ in range(2):  # resumed, too
        _run(path, world, monkeypatch)
        assert world.measured == ["it/as-is/c01-r1"]
        assert world.starts == 1
        run = read_json(path / "run.json")
        assert (run["status"], run["budget_ended"]) == ("complete", False)
        assert len(run["not_measured"]) == 2 * len(BASE_LEVELS) - 1


def test_what_answers_few_users_is_not_asked_by_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(knee=35, answers_up_to=5)
    path = directory.create(tmp_path, "t", _plan())
    _run(path, world, monkeypatch)
    assert {f"it/as-is/c{n:02d}-r{r}" for n in (1, 3, 5) for r in (1, 2)} <= set(world.measured)
    over = [name for name in world.measured if int(name[-6:-3].lstrip("c")) > 5]
    assert over in (["it/as-is/c10-r1"], ["it/as-is/c20-r1", "it/as-is/c10-r1"])


def test_what_cannot_be_proved_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(knee=35)
    path = directory.create(tmp_path, "t", _plan(variants=(MOCKS["baseline"],)))
    with pytest.raises(UsageError, match="it has no /config, so baseline can't be proved there"):
        _run(path, world, monkeypatch)
    assert world.measured == []


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
    path = directory.create(tmp_path, "t", _plan(repeats=1))
    _run(path, world, monkeypatch)
    cell = path / "cells/it/as-is/c10-r1"
    damage(cell)
    world.measured.clear()
    _, printed = _printed(path, world, monkeypatch)
    assert world.measured == ["it/as-is/c10-r1"]
    said = [line for line in printed.splitlines() if not line.startswith("[")]
    assert len(said) == 1
    assert said[0].startswith("it/as-is/c10-r1 counts as not measured and is now c10-r1.partial-1: ")
    assert cell.with_name("c10-r1.partial-1").is_dir()
    assert read_cell(cell).cell.verdict.valid
    _, printed = _printed(path, world, monkeypatch)
    assert world.measured == ["it/as-is/c10-r1"]
    assert "not measured" not in printed


def test_a_damaged_cell_enters_no_report_where_no_time_is_left_for_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=35)
    path = directory.create(tmp_path, "t", _plan(levels=(1, 2), auto=False, budget_seconds=100.0))
    _run(path, world, monkeypatch)
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
    path = directory.create(tmp_path, "t", _plan(repeats=1, max_level=80))
    _run(path, world, monkeypatch)
    _gone(path / "cells/it/as-is/c40-r1")
    world.measured.clear()
    _run(path, world, monkeypatch)
    assert world.measured == ["it/as-is/c40-r1"]
    assert len(read_run(path).cells) == 5


LIST: dict[str, Any] = {"levels": (1, 2), "auto": False}


def test_a_cell_that_the_machine_spoiled_is_measured_again_last_in_its_repeat(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=35, spoils={"it/as-is/c01-r1": 1})
    path = directory.create(tmp_path, "t", _plan(**LIST))
    _, printed = _printed(path, world, monkeypatch)
    first, *others = world.measured[:3]
    assert first == "it/as-is/c01-r1"
    assert others == ["it/as-is/c02-r1", "it/as-is/c01-r1"]
    assert len(world.measured) == 5
    assert world.starts == 2
    assert "\nagain (1 of 2): it/as-is/c01-r1, because the load was late\n" in printed
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
    path = directory.create(tmp_path, "t", _plan(**LIST))
    for _ in range(2):  # resumed, too
        _run(path, world, monkeypatch)
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
    path = directory.create(tmp_path, "t", _plan(**LIST))
    measure = world.measure

    def killed(place: Workplace, key: CellKey, endpoint: Endpoint) -> CellData:
        if world.measured.count("it/as-is/c02-r1") == tries and key.path == "it/as-is/c02-r1":
            raise KeyboardInterrupt
        return measure(place, key, endpoint)

    monkeypatch.setattr(world, "measure", killed)
    with pytest.raises(KeyboardInterrupt):
        _run(path, world, monkeypatch)
    cell = path / "cells/it/as-is/c02-r1"
    assert not cell.exists()
    assert cell.with_name(f"c02-r1.try-{tries}").is_dir()
    monkeypatch.setattr(world, "measure", measure)
    _run(path, world, monkeypatch)
    assert world.measured.count("it/as-is/c02-r1") == 3
    assert len(world.measured) == 6
    assert len(read_run(path).cells) == 4


def test_auto_goes_by_a_level_that_was_measured_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every cell is spoiled once: without another try there would be no level to go by.
    world = World(knee=35, spoils={"": 1})
    path = directory.create(tmp_path, "t", _plan(repeats=1))
    sweep, _ = _run(path, world, monkeypatch)
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
    path = directory.create(tmp_path, "t", _plan())
    _run(path, world, monkeypatch)
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
    plan = _plan(levels=levels, auto=False, repeats=1, budget_seconds=START_SECONDS + 10 * CELL_SECONDS)
    world = World(knee=35, spoils=dict(spoils))
    path = directory.create(tmp_path, "t", plan)
    sweep, _ = _run(path, world, monkeypatch)
    assert world.measured.count("it/as-is/c01-r1") == 2
    assert sweep.spoiled == {}
    assert sweep.skipped
    tight = _plan(levels=(1,), auto=False, repeats=1, budget_seconds=START_SECONDS + CELL_SECONDS + 3)
    world = World(knee=35, spoils=dict(spoils))
    path = directory.create(tmp_path, "tight", tight)
    sweep, _ = _run(path, world, monkeypatch)
    assert world.measured == ["it/as-is/c01-r1"]
    run = read_json(path / "run.json")
    assert (run["budget_ended"], run["not_measured_again"]) == (False, ["it/as-is/c01-r1"])
    _run(path, world, monkeypatch)  # resumed, with another budget
    assert len(world.measured) == 2
    assert read_json(path / "run.json")["not_measured_again"] == []
