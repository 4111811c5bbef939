"""Folders before a service, and those that a killed one of ours has left there."""

import os
import shutil
from pathlib import Path

import pytest

from profiler.attach import entered, folders
from profiler.attach.looking import Looking
from profiler.attach.remote import NOTHING
from profiler.attach.target import Target


def placed(monkeypatch: pytest.MonkeyPatch, folder: Path) -> Target:
    monkeypatch.setattr(Target, "place", lambda self: folder)
    return Target(
        pid=1, pid_there=1, python="", root=Path("/"), uid=os.getuid(), gid=os.getgid(), elsewhere=False,
        libraries="",
    )  # fmt: skip


def test_what_one_that_was_killed_has_left_is_removed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = placed(monkeypatch, tmp_path)
    living = folders.made(target, 0.1)
    namespace, pid, began, _ = living.name.removeprefix("chokepoint-").split("-", 3)
    others = {
        f"chokepoint-{namespace}-{pid}-{int(began) - 1}-abc": False,  # its number is ours now
        f"chokepoint-{namespace}-{2**22 + 1}-{began}-abc": False,  # there is no such process
        f"chokepoint-1-{2**22 + 1}-{began}-abc": True,  # of another namespace, where it may live
        "chokepoint-mine": True,
    }
    for name in others:
        shutil.copytree(living / "collector", tmp_path / name / "collector")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    link = tmp_path / f"chokepoint-{namespace}-{2**22 + 1}-{began}-link"
    link.symlink_to(elsewhere)
    second = folders.made(target, 0.1)
    assert (living / "enter.py").exists()
    assert (second / "enter.py").exists()
    assert {name: (tmp_path / name).exists() for name in others} == others
    assert link.is_symlink()
    assert elsewhere.is_dir()


def test_one_that_is_told_to_end_while_it_begins_takes_back_what_it_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def run_there(target: Target, script: str, package: str = "") -> None:
        asked.append(script)
        if script != NOTHING:
            raise SystemExit(130)  # as the handler of a signal does

    asked: list[str] = []
    target = placed(monkeypatch, tmp_path)
    monkeypatch.setattr("profiler.attach.looking.target_of", lambda pid: target)
    monkeypatch.setattr(entered, "run_there", run_there)
    looking = Looking(lambda: [1], lambda _: None, 0.01)
    with pytest.raises(SystemExit):
        looking.begin()
    assert looking.end() == []
    assert (len(asked), asked[-1]) == (2, NOTHING)
    assert not list(tmp_path.iterdir())
