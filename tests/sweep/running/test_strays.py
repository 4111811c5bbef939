"""What has lost its parent is ended all the same."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

import support
from sweep.running.ledger import Ledger, Started, left
from sweep.running.processes import Child, Command

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


def killed(tmp_path: Path, ledger: Ledger, forks: list[psutil.Process]) -> Command:
    """A command whose keeper was killed, when its app had forked."""
    words, log = [sys.executable, "-c", APP], tmp_path / "log"
    command = Command(words, log=log, ledger=ledger, env=dict(os.environ), cpus=None, cwd=None)
    forks += forked(log)
    os.kill(command.pid, signal.SIGKILL)
    assert command.wait(LIMIT_S) == -signal.SIGKILL
    return command


def test_an_app_s_forks_are_ended_though_its_keeper_was_killed(
    tmp_path: Path, forks: list[psutil.Process]
) -> None:
    command = killed(tmp_path, Ledger(tmp_path / "ledger"), forks)
    assert running(forks) == 2
    command.stop()
    assert running(forks) == 0


def test_a_resumed_sweep_ends_what_a_killed_keeper_left(tmp_path: Path, forks: list[psutil.Process]) -> None:
    ledger = Ledger(tmp_path / "ledger")
    killed(tmp_path, ledger, forks)
    assert ledger.end_survivors() >= 2
    assert running(forks) == 0
    assert ledger.end_survivors() == 0


def test_what_a_child_left_that_ended_by_itself_is_ended(tmp_path: Path, forks: list[psutil.Process]) -> None:
    log = tmp_path / "log"
    child = Child(["-c", FORKS], log=log, ledger=Ledger(tmp_path / "ledger"))
    assert child.wait(LIMIT_S) == 0
    forks += forked(log)
    child.stop()
    assert running(forks) == 0


def test_a_session_whose_number_was_given_to_a_stranger_is_left_alone() -> None:
    stranger = Started(pid=os.getpid(), created=1.0)
    assert stranger.session() is None
    assert left([stranger]) == []
