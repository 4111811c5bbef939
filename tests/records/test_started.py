"""An interrupt ends a command quietly at any moment from its first line on: no traceback, exit code 130."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from records import started
from records.exit_codes import INTERRUPTED, USAGE
from support import ROOT, environment, wait_until

FILES = ROOT / "locustfiles"
COMMANDS = {
    "sweep": (("sweep", "--plan-only", "--concurrency", "1"), {0}),
    "report": (("reports", "no-run"), {USAGE}),
    "profile": (("profiler", "--duration", "60", "--pid", str(os.getpid())), set[int]()),
    "chokepoint": (("cli", "report", "no-run"), {USAGE}),
    "locust": (  # from its first locustfile on: what is before that is locust's own
        ("locust", "-f", f"{FILES}/stream.py,{FILES}/steps.py", "--headless", "--master", "--expect-workers",
         "9", "--master-bind-port", "0", "-H", "http://127.0.0.1:1"), set[int](),
    ),
}  # fmt: skip
"""With the exit codes of those that come to their own end."""
WAITS_S = (0.0, 0.1, 0.5)


def hears(pid: int, number: int) -> bool:
    """Has the process a handler of its own for that signal?"""
    caught = Path(f"/proc/{pid}/status").read_text().partition("SigCgt:")[2].split()[0]
    return bool(int(caught, 16) >> (number - 1) & 1)


def test_it_says_again_what_the_exit_codes_say() -> None:
    assert started.INTERRUPTED == INTERRUPTED


@pytest.mark.skipif(sys.platform != "linux", reason="who hears a signal is read from /proc")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
@pytest.mark.parametrize("name", COMMANDS)
def test_it_is_quiet_while_a_command_begins(name: str, number: int, tmp_path: Path) -> None:
    words, own = COMMANDS[name]
    for wait_s in (*WAITS_S, 1.5) if name == "locust" else WAITS_S:  # a master waits for its workers then
        with subprocess.Popen(
            [sys.executable, "-m", *words], cwd=tmp_path, env=environment(), text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        ) as command:  # fmt: skip
            wait_until(lambda: hears(command.pid, signal.SIGTERM), 60)
            time.sleep(wait_s)
            command.send_signal(number)
            said = command.communicate(timeout=60)[1]
        assert "Traceback" not in said, (wait_s, said)
        sampled = {0} if name == "profile" and number == signal.SIGTERM else set()
        assert command.returncode in {INTERRUPTED} | own | sampled, (wait_s, said)
