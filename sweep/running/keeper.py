"""Runs a command for a sweep and leaves nothing of it behind: not when it is told to stop, not when the
command ends by itself, and not when the sweep is killed, for then the kernel tells it to stop.

On Linux whatever the command started, and lost, becomes a child of this process. It is a file by itself, so
that nothing of the project is on the command's paths.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence

import psutil

STOP_SECONDS = 10.0
NO_COMMAND = 127
"""The exit code of what cannot be run, as shells have it."""
_PR_SET_PDEATHSIG, _PR_SET_CHILD_SUBREAPER = 1, 36
_POLL_SECONDS = 0.05
_END = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
_WAITED_FOR = {*_END, signal.SIGCHLD}


def main(words: Sequence[str]) -> int:
    """Run the command to its end, or until a signal comes; its exit code."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _WAITED_FOR)  # they wait until they are asked for
    _prctl(_PR_SET_CHILD_SUBREAPER, 1)
    try:
        command = subprocess.Popen(words, stdin=subprocess.DEVNULL, process_group=0, preexec_fn=_settle_in)
    except (OSError, subprocess.SubprocessError) as error:
        print(f"error: cannot run {words[0]}: {getattr(error, 'strerror', None) or error}", flush=True)
        return NO_COMMAND
    code = None
    while code is None and signal.sigwait(_WAITED_FOR) == signal.SIGCHLD:
        code = _reaped(command.pid)
    _end_all()
    return 128 + signal.SIGTERM if code is None else code % 256 if code >= 0 else 128 - code


def _settle_in() -> None:
    """In the command, before it is one: no signal is blocked, and it does not outlive this process."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, _WAITED_FOR)
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, value: int) -> None:
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(option, value)


def _reaped(pid: int = 0) -> int | None:
    """Take in all children that have ended; the exit code of ``pid``, if it is one of them."""
    code = None
    with contextlib.suppress(ChildProcessError):
        while True:
            ended, status = os.waitpid(-1, os.WNOHANG)
            if ended == 0:
                break
            if ended == pid:
                code = os.waitstatus_to_exitcode(status)
    return code


def _end_all() -> None:
    """SIGTERM; SIGKILL for whoever has not gone within ten seconds, and for whom those started meanwhile."""
    _send(signal.SIGTERM)
    ends = time.monotonic() + STOP_SECONDS
    while _left() and time.monotonic() < ends:
        time.sleep(_POLL_SECONDS)
    ends = time.monotonic() + STOP_SECONDS
    while _left() and time.monotonic() < ends:
        _send(signal.SIGKILL)
        time.sleep(_POLL_SECONDS)


def _left() -> list[psutil.Process]:
    _reaped()
    with contextlib.suppress(psutil.Error):
        return list(psutil.Process().children(recursive=True))
    return []


def _send(number: signal.Signals) -> None:
    for process in _left():
        with contextlib.suppress(psutil.Error):
            process.send_signal(number)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
