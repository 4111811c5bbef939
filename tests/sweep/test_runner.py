"""The loop, with a clock and a service that are made up: what it measures, what it has no time for."""

import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from records.cell import Cell, Check, Verdict
from records.files import read_json, write_json
from records.reader import CellData, read_cell, read_run
from records.request import Outcome, RequestRecord
from sweep import directory, runner
from sweep.cell import Workplace
from sweep.deployments import Endpoint, Setup
from sweep.options import parse_targets
from sweep.plan import BASE_LEVELS, CellKey, Plan, Target
from sweep.progress import Progress
from sweep.usage import UsageError

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

    def monotonic(self) -> float:
        return self.now

    def deployment_of(self, target: Target, setup: Setup) -> "World":
        return self

    def start(self) -> Endpoint:
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
        judged = Verdict(checks=(Check(name="workers", status="pass"),))
        cell = Cell(**names, concurrency=key.concurrency, complete=True, achieved=achieved, verdict=judged)
        write_json(folder / "cell.json", cell.to_json())
        outcome = "ok" if key.concurrency <= self.answers_up_to else "http_error"
        (folder / "requests.jsonl").write_bytes(_request(outcome).encode() * 2)
        return read_cell(folder)


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
        "configs": ("as-is",),
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
    monkeypatch.setattr(runner, "deployment_of", world.deployment_of)
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
    # 40 users bring more than a tenth more than 30 do, 60 bring nothing more.
    assert levels[1] == levels[2] == {*BASE_LEVELS, 30, 40, 60}
    assert counter == "18/18"
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


def test_a_budget_that_the_knee_uses_up_leaves_the_second_repeat_and_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=20)
    # Six levels and 30 users in the first repeat; then 3 seconds are left, in which no target starts.
    path = directory.create(tmp_path, "t", _plan(budget_seconds=START_SECONDS + 7 * CELL_SECONDS + 3))
    _run(path, world, monkeypatch)
    assert len(world.measured) == 7
    assert world.starts == 1
    run = read_json(path / "run.json")
    assert run["budget_ended"]
    assert sorted(run["not_measured"]) == sorted(f"it/as-is/c{n:02d}-r2" for n in (*BASE_LEVELS, 30))


def test_a_budget_that_ends_before_the_knee_names_the_level_that_was_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(knee=1000)
    path = directory.create(
        tmp_path, "t", _plan(repeats=1, budget_seconds=START_SECONDS + 7 * CELL_SECONDS + 3)
    )
    _run(path, world, monkeypatch)
    assert len(world.measured) == 7
    assert read_json(path / "run.json")["not_measured"] == ["it/as-is/c40-r1"]


@pytest.mark.parametrize("cells", [3, 6, 7, 8, 12])
def test_resumed_after_its_budget_it_measures_what_is_missing_and_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cells: int
) -> None:
    world = World(knee=35)
    path = directory.create(tmp_path, "t", _plan(budget_seconds=START_SECONDS + cells * CELL_SECONDS))
    runs = 0
    while not runs or read_json(path / "run.json")["budget_ended"]:
        _, counter = _run(path, world, monkeypatch)
        runs += 1
        assert runs <= 10, "it never comes to an end"
    assert len(world.measured) == len(set(world.measured)) == 18
    assert counter == "18/18"
    before = world.starts
    _run(path, world, monkeypatch)
    assert (world.starts, len(world.measured)) == (before, 18)


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
    assert {f"it/as-is/c{n:02d}-r{r}" for n in (1, 2, 5) for r in (1, 2)} <= set(world.measured)
    over = [name for name in world.measured if int(name[-6:-3].lstrip("c")) > 5]
    assert len(over) < 2 * 3
    assert all(name.endswith("r1") for name in over)


def test_what_cannot_be_proved_is_not_measured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(knee=35)
    path = directory.create(tmp_path, "t", _plan(configs=("baseline",)))
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
    cell = path / "cells/it/as-is/c05-r1"
    damage(cell)
    world.measured.clear()
    _, printed = _printed(path, world, monkeypatch)
    assert world.measured == ["it/as-is/c05-r1"]
    said = [line for line in printed.splitlines() if not line.startswith("[")]
    assert len(said) == 1
    assert said[0].startswith("it/as-is/c05-r1 counts as not measured and is now c05-r1.partial-1: ")
    assert cell.with_name("c05-r1.partial-1").is_dir()
    assert read_cell(cell).cell.verdict.valid
    _, printed = _printed(path, world, monkeypatch)
    assert world.measured == ["it/as-is/c05-r1"]
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
    assert len(read_run(path).cells) == 10
