"""Whatever tests start dies with them, however they end: by SIGKILL, too.

All that a process starts has its environment from it, so that it is known by a variable in there, whoever its
parent is by now: so `sweep.running.ledger` knows what a sweep has started. This file is also the program that
looks for it. It reads a pipe that nobody writes to, and whose end is the end of the tests' process.
"""

import contextlib
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import psutil

VARIABLE = "CHOKEPOINT_TESTED_BY"
MOST_S = 30.0
"""For what is killed to be gone, while it may start more."""


def watch_over() -> None:
    """All that this process starts from here on. Its own environment has another name for what started it: of
    workers of pytest-xdist that is their controller, with which they die."""
    os.environ[VARIABLE] = f"{os.getpid()}-{time.time_ns()}"
    reader, _ = os.pipe()  # the other end is closed with this process
    nothing = subprocess.DEVNULL  # a worker's output is what it says to its controller
    subprocess.run([sys.executable, __file__], stdin=reader, stdout=nothing, stderr=nothing, check=True)
    os.close(reader)


def main() -> None:
    os.setsid()  # what is sent to the group of the tests is not meant
    if os.fork():  # it is nobody's child: of tests that count theirs it is none
        os._exit(0)
    sys.stdin.read()
    ends = time.monotonic() + MOST_S
    while (left := list(labelled(os.environ[VARIABLE]))) and time.monotonic() < ends:
        for process in left:
            with contextlib.suppress(psutil.Error):
                process.kill()
        psutil.wait_procs(left, timeout=1)


def labelled(name: str) -> Iterator[psutil.Process]:
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.pid != os.getpid() and process.environ().get(VARIABLE) == name:
                yield process


if __name__ == "__main__":
    main()
