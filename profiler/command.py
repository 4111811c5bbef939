"""The program that ``--command`` starts, in a session of its own: that and what it starts is all we end."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress

from reach.key import without_key
from records import offspring

_SETTLED_S = 0.5
"""What ends with a command may take that long: the helpers of its processes."""
_POLL_S = 0.02
_MOST = 10
"""Numbers in one line."""
_OF_SHELLS = {126: "could not be executed", 127: "was not found"}
"""What a shell says by these exit codes, and many a wrapper at its end."""
_GUARD = 'trap "" HUP INT TERM; read -r ended || exec "$@"'
"""Waits for a line from us. Where there is none before our end of the pipe is closed, we were killed, and it
ends what the command has started. The kernel's own signal at a parent's death (Linux) would reach the shell
alone. A shell waits, for it is small; only then Python is started."""


class Command:
    """A shell command under way. Its standard output goes to ours, or to stderr if ours is a document."""

    def __init__(self, text: str, *, output_to_stderr: bool) -> None:
        # One more variable each, so that a profile of a profile knows what is its own.
        self._label = f"CHOKEPOINT_PROFILED_{os.getpid()}_{time.time_ns()}"
        env = without_key(os.environ)  # as what a sweep starts
        # A shell, for people write pipes and && here; a session, so that nobody else's process is hit.
        self._process = subprocess.Popen(
            text,
            shell=True,
            start_new_session=True,
            stdin=subprocess.DEVNULL,
            stdout=sys.stderr if output_to_stderr else None,
            env={**env, self._label: offspring.MARK},
        )
        self._ended_by_us = False
        # After the command, which must not hold our end of the pipe.
        self._guard = subprocess.Popen(
            ["/bin/sh", "-c", _GUARD, "sh", *self._ending()],
            start_new_session=True,
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=env,
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

    def _ending(self) -> list[str]:
        """The words that end all of it."""
        return [sys.executable, "-P", offspring.__file__, str(self.pid), self._label]

    def end(self, grace_s: float = offspring.GRACE_S) -> None:
        """SIGTERM to all that it started, after ``grace_s`` SIGKILL to what is left; nothing if it has ended.

        The leader is reaped last: until then its session's number cannot pass to somebody else's.
        """
        if self.running() and not self._ended_by_us:
            self._ended_by_us = True
            offspring.end(self.pid, self._label, grace_s)
            with suppress(subprocess.TimeoutExpired):  # another user's, as by sudo: we may not end it
                self._process.wait(_SETTLED_S)
        with suppress(OSError, ValueError):  # it was killed, or dismissed before
            self._guard.communicate(b"\n")

    def left(self) -> str:
        """What it started and still runs, once it has ended, in words; empty where nothing does."""
        deadline_s = time.monotonic() + _SETTLED_S
        while (found := offspring.running(self.pid, self._label)) and time.monotonic() < deadline_s:
            time.sleep(_POLL_S)
        if not found:
            return ""
        what = "a process" if len(found) == 1 else f"{len(found)} processes"
        why = "not all could be ended" if self._ended_by_us else "it ended by itself"
        pids = sorted(process.pid for process in found)
        more = f" and {len(pids) - _MOST} more" if len(pids) > _MOST else ""
        return f"the command leaves {what} running, for {why}: pid {', '.join(map(str, pids[:_MOST]))}{more}"

    def failure(self) -> str:
        """How it failed, in words; empty where it did not, or where we ended it. Its exit code alone decides:
        how long it ran says more of the machine than of the command."""
        code = self._process.poll()
        if self._ended_by_us or not code:
            return ""
        if code < 0:
            return f"the command ended by signal {-code}"
        meaning = f" (a shell's for one that {_OF_SHELLS[code]})" if code in _OF_SHELLS else ""
        return f"the command ended with exit code {code}{meaning}"

    def outcome(self) -> dict[str, object]:
        """``exit_code`` (minus the signal's number if one ended it), ``ended_by_profiler``."""
        return {"exit_code": self._process.poll(), "ended_by_profiler": self._ended_by_us}
