"""Whatever somebody has started, though it has lost its parent: what of it runs, and the end of a command's.

It is a file by itself: it is also run by its path, where a profile was killed before its command had ended.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Collection
from contextlib import suppress

import psutil

MARK = "1"
GRACE_S = 5.0
_POLL_S = 0.05


def family(sessions: Collection[int], variable: str, values: Collection[str]) -> list[psutil.Process]:
    """All of these sessions, and whoever left them: its environment has ``variable`` with one of ``values``,
    or its parent is one of these. No zombies."""
    children: dict[int, list[psutil.Process]] = {}
    waiting: list[psutil.Process] = []
    for pid in psutil.pids():
        if pid == os.getpid():
            continue
        with suppress(psutil.Error, OSError):  # others' environments may not be read
            process = psutil.Process(pid)
            children.setdefault(process.ppid(), []).append(process)
            if os.getsid(pid) in sessions or process.environ().get(variable) in values:
                waiting.append(process)
    found: dict[int, psutil.Process] = {}
    while waiting:
        process = waiting.pop()
        if process.pid not in found:
            found[process.pid] = process
            waiting += children.get(process.pid, ())
    return [process for process in found.values() if _runs(process)]


def running(session: int, label: str) -> list[psutil.Process]:
    """The family of a command: of its session, or with a variable ``label`` that is `MARK`."""
    return family((session,), label, (MARK,))


def _runs(process: psutil.Process) -> bool:
    try:
        return bool(process.is_running() and process.status() != psutil.STATUS_ZOMBIE)
    except psutil.Error:
        return False


def end(session: int, label: str, grace_s: float = GRACE_S) -> None:
    """SIGTERM to each, after ``grace_s`` SIGKILL to what is left, at least once each however long a look
    takes. What another user owns stays.

    The shell's group is told once, all at a time, or a shell whose step ends first would begin the next one.
    What begins in it afterwards is how it ends itself (``trap``).
    """
    told: set[psutil.Process] = set()
    for number, seconds in ((signal.SIGTERM, grace_s), (signal.SIGKILL, GRACE_S)):
        deadline_s = time.monotonic() + seconds
        while left := running(session, label):
            if number == signal.SIGKILL or not told:
                _send_to_group(number, session, left)
            for process in left:
                if number == signal.SIGKILL or process not in told:
                    _send_outside(number, session, process)
            told.update(left)
            if time.monotonic() >= deadline_s:
                break
            time.sleep(_POLL_S)


def _send_to_group(number: signal.Signals, session: int, processes: list[psutil.Process]) -> None:
    """While one of the group runs, its number is nobody else's."""
    for process in processes:
        with suppress(psutil.Error, OSError):
            if os.getpgid(process.pid) == session:
                os.killpg(session, number)
                return


def _send_outside(number: signal.Signals, session: int, process: psutil.Process) -> None:
    with suppress(psutil.Error, OSError):
        if os.getpgid(process.pid) != session:
            process.send_signal(number)


if __name__ == "__main__":
    end(int(sys.argv[1]), sys.argv[2])
