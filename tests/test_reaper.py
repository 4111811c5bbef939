"""No process of a test is left, whoever ends the tests, and however."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

import reaper
from support import wait_until

SLEEPS = f"[{sys.executable!r}, '-c', 'import time; time.sleep(600)']"
TESTS = f"""
import subprocess, sys, time
sys.path.insert(0, {str(Path(__file__).parent)!r})
import reaper
reaper.watch_over()
shell = "import subprocess; print(subprocess.Popen({SLEEPS}, start_new_session=True).pid, flush=True)"
subprocess.Popen([sys.executable, "-c", shell]).wait()  # whose parent has gone
print(subprocess.Popen({SLEEPS}).pid, flush=True)
time.sleep(600)
"""


def test_what_tests_have_started_dies_with_them() -> None:
    assert os.environ[reaper.VARIABLE]
    with subprocess.Popen([sys.executable, "-c", TESTS], stdout=subprocess.PIPE, text=True) as tests:
        assert tests.stdout is not None
        started = [psutil.Process(int(tests.stdout.readline())) for _ in range(2)]
        assert all(one.is_running() for one in started)
        tests.send_signal(signal.SIGKILL)
    wait_until(lambda: not any(one.is_running() for one in started))
