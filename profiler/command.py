"""The program that ``--command`` starts, in a process group of its own that is all we ever end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress

import psutil

from reach.key import without_key

GRACE_S = 5.0
AT_ONCE_S = 1.0
"""Who fails later has done something that can be profiled."""
_POLL_S = 0.05
_NOT_RUN = {126: "could not be executed", 127: "was not found"}
"""What a shell says by these exit codes."""
_GUARD = """
trap "" HUP INT TERM
read -r ended || {
    kill -s TERM -- "-$1"
    left=50
    while [ $left -gt 0 ] && kill -s 0 -- "-$1"; do sleep 0.1; left=$((left - 1)); done
    kill -s KILL -- "-$1"
}
"""
"""Waits for a line from us. Where there is none before our end of the pipe is closed, we were killed, and it
ends the group. The kernel's own signal at a parent's death (Linux) would reach the shell alone, and not what
the shell has started."""


class Command:
    """A shell command under way. Its standard output goes to ours, or to stderr if ours is a document."""

    def __init__(self, text: str, *, output_to_stderr: bool) -> None:
        # A shell, for people write pipes and && here; a group, so that nobody else's process is hit.
        self._process = subprocess.Popen(
            text,
            shell=True,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr if output_to_stderr else None,
            env=without_key(os.environ),  # as what a sweep starts
        )
        self._ended_by_us = False
        # After the command, which must not hold our end of the pipe.
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", str(self.pid)],
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=without_key(os.environ),
        )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def guard(self) -> int:
        """The pid of what ends the command if we cannot."""
        return self._guard.pid

    def running(self) -> bool:
        return self._process.poll() is None

    def end(self, grace_s: float = GRACE_S) -> None:
        """SIGTERM to the group, after ``grace_s`` SIGKILL to what is left of it; nothing if it has ended.

        The leader is reaped last: until then its group's number cannot pass to somebody else's.
        """
        if self.running():
            self._end(grace_s)
        with suppress(OSError, ValueError):  # it was killed, or dismissed before
            self._guard.communicate(b"\n")

    def _end(self, grace_s: float) -> None:
        self._ended_by_us = True
        os.killpg(self.pid, signal.SIGTERM)
        deadline_s = time.monotonic() + grace_s
        while _alive(self.pid) and time.monotonic() < deadline_s:
            time.sleep(_POLL_S)
        if _alive(self.pid):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def failure(self, *, after_s: float) -> str:
        """Why there was nothing to profile, in words; empty where there was. Who fails later has a profile
        as good as any, whatever its code: what a shell says of a program that is not there, many a wrapper
        says at its end. ``after_s``: for how long it was followed."""
        code = self._process.poll()
        if self._ended_by_us or not code or after_s > AT_ONCE_S:
            return ""
        if code in _NOT_RUN:
            return f"the command, or one in it, {_NOT_RUN[code]} (exit code {code})"
        how = f"by signal {-code}" if code < 0 else f"with exit code {code}"
        return f"the command ended at once, {how}"

    def outcome(self) -> dict[str, object]:
        """``exit_code`` (minus the signal's number if one ended it), ``ended_by_profiler``."""
        return {"exit_code": self._process.poll(), "ended_by_profiler": self._ended_by_us}


def _alive(group: int) -> bool:
    """Has the group a member that is not a zombie?"""
    for pid in psutil.pids():
        try:
            if os.getpgid(pid) == group and psutil.Process(pid).status() != psutil.STATUS_ZOMBIE:
                return True
        except (OSError, psutil.Error):
            continue
    return False
