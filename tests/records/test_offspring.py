"""What a command has started is ended, each told once and killed at last, however long a look at it takes."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from records import offspring
from support import wait_until

LABEL = "CHOKEPOINT_PROFILED_by_a_test"
Shell = Callable[[str], subprocess.Popen[bytes]]


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    """Once it has made ``ready``."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(script: str) -> subprocess.Popen[bytes]:
        env = {**os.environ, LABEL: "1"}
        one = subprocess.Popen(["sh", "-c", script], cwd=tmp_path, env=env, start_new_session=True)
        begun.append(one)
        wait_until((tmp_path / "ready").exists)
        return one

    yield start
    for one in begun:
        if one.poll() is None:
            os.killpg(one.pid, signal.SIGKILL)
            one.wait(30)


def test_a_shell_that_is_told_to_end_is_left_to_end_itself(shell: Shell, tmp_path: Path) -> None:
    steps = "echo told >> trap; sleep 0.1; sleep 0.1; echo done > saved; exit 3"
    one = shell(f"trap '{steps}' TERM; touch ready; while :; do sleep 0.1; done")
    offspring.end(one.pid, LABEL, 60.0)
    assert one.wait(30) == 3
    assert (tmp_path / "trap").read_text() == "told\n"
    assert (tmp_path / "saved").exists()


def test_what_heeds_nothing_is_killed_also_where_no_time_is_left(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(offspring, "GRACE_S", 0.0)
    one = shell("trap '' TERM; touch ready; while :; do sleep 0.1; done")
    offspring.end(one.pid, LABEL, 0.0)
    assert one.wait(30) == -signal.SIGKILL


def test_all_below_one_of_them_are_its_own(shell: Shell) -> None:
    one = shell("env -i setsid sh -c 'touch ready; sleep 60; :' & wait")
    names = sorted(process.name() for process in offspring.running(one.pid, LABEL))
    assert names.count("sh") == 2
    assert names.count("sleep") == 1
    offspring.end(one.pid, LABEL, 5.0)
    assert offspring.running(one.pid, LABEL) == []
