"""A run's directory: never shared, never overwritten, and nobody's wrong usage where the disk is full."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest

from loadgen.engine.settings import make_results
from profiler import cli as profiler
from records.files import of_the_disk, read_json, write_json
from records.services.variants import MOCKS
from sweep.measuring import directory
from sweep.measuring.directory import alone, discarded_if_of_no_use, load
from sweep.running.errors import UsageError
from sweep_world import plan_of

PLAN = plan_of("local", variants=(MOCKS["mock-both"],))


def refusing(number: int) -> Callable[..., None]:
    def fails(*_: object, **__: object) -> None:
        raise OSError(number, "it cannot be done", "there")

    return fails


@pytest.fixture
def made(tmp_path: Path) -> Path:
    return directory.create(tmp_path, "t", PLAN)


def test_runs_of_the_same_name_and_second_get_directories_of_their_own(tmp_path: Path) -> None:
    made = [directory.create(tmp_path / "results", "stamp-t", PLAN) for _ in range(3)]
    assert [path.name for path in made] == ["stamp-t", "stamp-t-2", "stamp-t-3"]
    assert all(load(path) == PLAN for path in made)


def test_one_sweep_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    second = alone(tmp_path)
    with alone(tmp_path), pytest.raises(UsageError, match="another sweep is at work"):
        second.__enter__()
    with alone(tmp_path):
        pass
    monkeypatch.setattr("fcntl.flock", refusing(errno.ENOLCK))  # where nobody knows locks, none is busy
    with pytest.raises(UsageError, match=f"cannot lock {tmp_path}: it cannot"), alone(tmp_path):
        pass


@pytest.mark.parametrize(("change", "why"), [
    ({"targets": [{"label": "x", "spec": "moon"}]}, "not 'moon'"),
    ({"configs": ["mock-moon"]}, "there is no mock-moon"),
    ({"variants": [{"name": "../up"}]}, "a variant's name takes letters"),
    ({"variants": [{"name": "a", "settings": {"API_KEY": "x"}}]}, "API_KEY is a secret"),
    ({"grid": [["Size", [1]]]}, "a factor's name takes small letters"),
    ({"scenario": "moon"}, "--scenario 'moon': there is no such scenario"), ({"moon": 1}, "moon"),
    ({"targets": [{"label": "../../../esc", "spec": "local"}]}, "label takes letters, .* not '../../../esc"),
    ({"targets": [{"label": "", "spec": "local"}]}, "label takes letters"),
    ({"targets": [{"label": "a", "spec": "local"}] * 2}, "same label"), ({"targets": []}, "targets: "),
    ({"configs": []}, "variants: "), ({"levels": []}, "there are neither users nor a rate"),
    ({"levels": [-1, 2]}, "levels.0: "), ({"levels": [10_001]}, "levels.0: "),
    ({"max_level": 0}, "max_level: "), ({"requests": -3}, "requests: "),
    ({"warmup_requests": -3}, "warmup_requests: "), ({"repeats": 0}, "repeats: "),
    ({"budget_seconds": -1}, "budget_seconds: "), ({"seed": -1}, "seed: "),
    ({"locust_args": ["-u", "5"]}, "--users does not go after --"),
])  # fmt: skip
def test_a_plan_that_this_version_cannot_follow_is_refused(made: Path, change: Any, why: str) -> None:
    facts = read_json(made / "run.json")
    write_json(made / "run.json", {**facts, "plan": {**facts["plan"], **change}})
    with pytest.raises(UsageError, match=f"--resume {made}: .*{why}"):
        load(made)


def test_what_is_not_a_run_of_ours_is_refused(tmp_path: Path, made: Path) -> None:
    with pytest.raises(UsageError, match=r"run\.json is missing"):
        load(tmp_path)
    write_json(made / "run.json", {**read_json(made / "run.json"), "schema_version": 99})
    with pytest.raises(UsageError, match="schema version 99"):
        load(made)


@pytest.mark.parametrize(
    "name", [".lock", "processes.jsonl", "targets/x/a.log", "targets/x/a.dial", "cells/x/a/.u1-r1.locust.log"]
)
@pytest.mark.parametrize("make", [os.mkfifo, lambda path: path.symlink_to("/nowhere")])
def test_what_would_be_waited_for_or_written_elsewhere_is_refused(
    made: Path, name: str, make: Callable[[Path], None]
) -> None:
    (made / name).parent.mkdir(parents=True, exist_ok=True)
    make(made / name)
    with pytest.raises(UsageError, match=f"--resume {made}: .*{name} is (no regular file|a link)"):
        load(made)


@pytest.mark.parametrize("name", ["targets", "targets/x", "targets/x/a.inside"])
def test_a_folder_of_targets_that_lies_elsewhere_is_refused_and_one_of_cells_not(
    made: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "elsewhere").mkdir()
    (made / "cells").symlink_to(tmp_path / "elsewhere")
    load(made)
    (made / name).parent.mkdir(parents=True, exist_ok=True)
    (made / name).symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match=f"{name} is a link"):
        load(made)


@pytest.mark.parametrize(("name", "make", "said"), [
    ("a.dial", Path.touch, "no folder"), ("a.inside", Path.touch, "no folder"),
    ("a.log", Path.mkdir, "a folder"),
])  # fmt: skip
def test_a_file_in_a_folder_s_place_is_refused(
    made: Path, name: str, make: Callable[[Path], None], said: str
) -> None:
    (made / "targets" / "x").mkdir(parents=True)
    make(made / "targets" / "x" / name)
    with pytest.raises(UsageError, match=f"{name} is {said}"):
        load(made)


def test_a_run_that_cannot_be_begun_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    for under in ("file", "file/below"):
        with pytest.raises(UsageError, match="cannot make"):
            directory.create(tmp_path / under, "stamp-t", PLAN)
    monkeypatch.setattr(directory, "write_json", refusing(errno.ENOSPC))
    with pytest.raises(OSError, match="cannot be done"):
        directory.create(tmp_path, "t", PLAN)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


@pytest.mark.parametrize("full", [False, True])
@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, "interrupted"), (OSError, "failed")])
def test_a_run_that_was_cut_short_is_not_said_to_be_running(
    made: Path, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], status: str, full: bool
) -> None:
    before = read_json(made / "run.json")
    if full:
        monkeypatch.setattr(directory, "write_json", refusing(errno.ENOSPC))
    with pytest.raises(error), directory.settled(made):
        raise error
    assert read_json(made / "run.json") == {**before, "status": status}


def test_a_complete_run_stays_so_and_keeps_what_writing_it_does_not_name(made: Path) -> None:
    before = read_json(made / "run.json")
    directory.write_run(made, PLAN, status="complete", extra={"budget_ended": False})
    with pytest.raises(KeyboardInterrupt), directory.settled(made):
        raise KeyboardInterrupt
    assert read_json(made / "run.json") == {**before, "status": "complete", "budget_ended": False}
    assert before["host"]["cpus"]


@pytest.mark.parametrize(("said", "cell"), [("a mistake", False), ("{}/target.log", False), ("x", True)])
def test_a_run_that_a_mistake_ended_before_its_first_cell_leaves_nothing(
    tmp_path: Path, said: str, cell: bool
) -> None:
    run = tmp_path / "run"
    (run / "cells" if cell else run).mkdir(parents=True)
    with pytest.raises(UsageError), discarded_if_of_no_use(run):
        raise UsageError(said.format(run))
    assert run.exists() == (said != "a mistake")


@pytest.mark.parametrize(("number", "ours"), [(errno.ENOSPC, True), (errno.EACCES, False)])
def test_a_full_disk_is_no_usage_error(tmp_path: Path, monkeypatch: Any, number: int, ours: bool) -> None:
    for name in ("pathlib.Path.mkdir", "pathlib.Path.open", "profiler.output.new_path"):
        monkeypatch.setattr(name, refusing(number))
    monkeypatch.setattr(directory, "read_meta", refusing(number))
    for opened in (
        lambda: make_results(tmp_path / "r"),
        lambda: alone(tmp_path).__enter__(),
        lambda: load(tmp_path),
        lambda: profiler.command_line.main(["--quiet", "--duration", "1"], standalone_mode=False),
    ):
        with pytest.raises((OSError, UsageError, click.UsageError)) as caught:
            opened()
        assert isinstance(caught.value, OSError) is ours
        assert not isinstance(caught.value, OSError) or of_the_disk(caught.value)
