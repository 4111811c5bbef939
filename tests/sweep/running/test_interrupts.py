"""What signals do to a sweep, and that none makes it leave a process behind."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

import pytest

from support import wait_until
from sweep.running import interrupts, processes
from sweep.running.interrupts import Interrupts, interruptible
from sweep.running.ledger import Ledger
from sweep.running.processes import Child, Command

DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN)
print(1, flush=True)
time.sleep(600)
"""


def test_the_second_signal_interrupts_no_cleanup_but_kills(monkeypatch: pytest.MonkeyPatch) -> None:
    kills: list[int] = []
    monkeypatch.setattr(interrupts, "kill_started", lambda: kills.append(1))
    heard = Interrupts()
    with pytest.raises(KeyboardInterrupt):
        heard(signal.SIGTERM, None)
    assert not kills
    heard(signal.SIGTERM, None)
    assert len(kills) == 1
    with pytest.raises(KeyboardInterrupt):  # whoever insists
        heard(signal.SIGTERM, None)
    assert len(kills) == 2


def test_ctrl_c_is_as_before_afterwards() -> None:
    before = signal.getsignal(signal.SIGINT)
    with interruptible():
        assert isinstance(signal.getsignal(signal.SIGTERM), Interrupts)
    assert signal.getsignal(signal.SIGINT) == before


@pytest.mark.skipif(sys.platform != "linux", reason="Linux says who is whose")
def test_an_interrupted_cleanup_leaves_neither_a_keeper_nor_its_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log, words = tmp_path / "log", [sys.executable, "-c", DEAF]
    of_other_tests = set(processes._STARTED)
    command = Command(
        words, log=log, ledger=Ledger(tmp_path / "l"), env=dict(os.environ), cpus=None, cwd=None
    )
    wait_until(lambda: "1" in log.read_text())
    [pid] = command.pids()

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as here:
        here.setattr(Child, "wait", interrupted)
        with pytest.raises(KeyboardInterrupt), interruptible():
            command.stop()
    assert command.wait(20) == -signal.SIGKILL
    wait_until(lambda: not os.path.exists(f"/proc/{pid}") or "Z (" in Path(f"/proc/{pid}/status").read_text())
    command.stop()
    assert of_other_tests == processes._STARTED
