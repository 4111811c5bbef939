"""What has lost its parent is ended all the same."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

import support
from sweep.running.ledger import Ledger, Started, left
from sweep.running.processes import Command

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux says who is whose")
LIMIT_S = 60
FORKS = """
import os, time
for session in (False, True):
    if os.fork() == 0:
        if session:
            os.setsid()
        os.write(1, b"fork %d\\n" % os.getpid())
        time.sleep(600)
"""
APP = f"{FORKS}time.sleep(600)"


@pytest.fixture
def forks() -> Iterator[list[psutil.Process]]:
    """Ended in any case."""
    found: list[psutil.Process] = []
    yield found
    for process in found:
        if process.is_running():
            process.kill()


def forked(log: Path) -> list[psutil.Process]:
    """Once there are both."""
    support.wait_until(lambda: log.read_text().count("fork") == 2)
    return [psutil.Process(int(line.split()[1])) for line in log.read_text().splitlines()]


def running(processes: list[psutil.Process]) -> int:
    """How many of them are not at their end: one that has ended waits for whoever is the parent by now."""
    return sum(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in processes)


@pytest.mark.parametrize("resumed", [False, True])
def test_an_app_s_forks_are_ended_though_its_keeper_was_killed(
    tmp_path: Path, forks: list[psutil.Process], resumed: bool
) -> None:
    ledger = Ledger(tmp_path / "ledger")
    words, given = [sys.executable, "-c", APP], {"log": tmp_path / "log", "env": dict(os.environ)}
    command = Command(words, ledger=ledger, cpus=None, cwd=None, **given)
    forks += forked(tmp_path / "log")
    os.kill(command.pid, signal.SIGKILL)
    assert command.wait(LIMIT_S) == -signal.SIGKILL
    assert running(forks) == 2
    if resumed:
        assert ledger.end_survivors() >= 2
        assert ledger.end_survivors() == 0
    else:
        command.stop()
    assert running(forks) == 0


def test_what_a_child_left_that_ended_by_itself_is_ended(
    tmp_path: Path, child: Any, forks: list[psutil.Process]
) -> None:
    one = child(FORKS)
    assert one.wait(LIMIT_S) == 0
    forks += forked(tmp_path / "log")
    one.stop()
    assert running(forks) == 0


def test_a_session_whose_number_was_given_to_a_stranger_is_left_alone() -> None:
    stranger = Started(pid=os.getpid(), created=1.0)
    assert stranger.session() is None
    assert left([stranger]) == []
