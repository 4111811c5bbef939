"""Processes that a sweep starts, and that never outlive it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import psutil

from reach.key import without_key
from sweep.running.cgroups.group import Group
from sweep.running.cpu_got import got_in
from sweep.running.ledger import LABEL, STOP_SECONDS, Ledger, end, kill, labelled, left
from sweep.running.logs import BOUNDS, last, written
from sweep.running.redaction import blank_file, redaction, unblanked

PROJECT = Path(__file__).resolve().parents[2]
_KEEPER_SECONDS = 2 * STOP_SECONDS + 5
"""For the keeper of a command to ask, to insist, and to end."""
_PR_SET_PDEATHSIG = 1
_WORDS_BYTES = 1 << 18
"""Of the end of a log, in which its last words are looked for."""
NO_WORD = "no word yet"
"""The last words of a log that has none."""
REALTIME_SECONDS = 10.0
"""A process of real-time priority that runs so long without waiting once is killed by the kernel."""


_STARTED: set[str] = set()
"""The labels of what was started, or is about to be, and was not seen to be gone."""


def started() -> list[psutil.Process]:
    """All that this process has started and that still runs, with all that those have started."""
    return labelled(_STARTED) if _STARTED else []


def kill_started() -> None:
    kill(started())


def with_project(environment: Mapping[str, str]) -> dict[str, str]:
    """In which Python finds modules of this project, from a checkout that was not installed, too."""
    path = [str(PROJECT), environment.get("PYTHONPATH", "")]
    return {**environment, "PYTHONPATH": os.pathsep.join(filter(None, path))}


def free_port() -> int:
    """A TCP port on 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _settle_in(cpus: Collection[int] | None, realtime: int, group: Group | None) -> None:
    """In the child, before it is the program: put it into its group, keep it on its CPUs, first in line
    there, and ask Linux for SIGTERM when the sweep dies, however it dies."""
    if group is not None:
        group.join()
    if cpus is not None:
        os.sched_setaffinity(0, cpus)
    if realtime:
        # One that never waits would keep all others from that CPU for ever, and be deaf to SIGTERM.
        limit = int(REALTIME_SECONDS * 1e6)
        resource.setrlimit(resource.RLIMIT_RTTIME, (limit, limit))
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(realtime))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Child:
    """One process with its output in a file, in a session of its own (Ctrl-C goes to the sweep).

    ``env``: its environment; None: the sweep's, without the target's key. ``ours``: it runs modules of this
    project. ``cwd``: its folder; None: this one.

    ``cpus``: all it may run on; None: what the sweep may, or where the system keeps nobody anywhere.
    ``realtime``: its priority before all that is not so (`cpus.may_be_realtime`); 0: like any other.
    ``group``: whose limits hold for it and all that it starts.

    Raises:
        RuntimeError: it cannot be kept on ``cpus``, or not be put into its group.
    """

    def __init__(
        self,
        argv: Sequence[str],
        *,
        log: Path,
        ledger: Ledger,
        env: Mapping[str, str] | None = None,
        cpus: Collection[int] | None = None,
        realtime: int = 0,
        ours: bool = True,
        cwd: Path | None = None,
        group: Group | None = None,
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = without_key(os.environ) if env is None else dict(env)
        if ours:
            environment = with_project(environment)
        environment["PYTHONUNBUFFERED"] = "1"
        environment[LABEL] = self._label = label = uuid.uuid4().hex
        _STARTED.add(label)  # before it is: an interrupt may come at any moment
        self.log = log
        settle_in = partial(_settle_in, cpus, realtime, group)
        words = [*(group.words if group else ()), sys.executable, *argv]
        try:
            self._popen = self._started(words, environment, settle_in, cwd)
        except subprocess.SubprocessError as error:
            _STARTED.discard(label)
            where = (
                f"be put into its {group.method}" if group else f"be kept on the CPUs {sorted(cpus or ())}"
            )
            raise RuntimeError(f"a process cannot {where}") from error
        try:
            self._started_as = ledger.add(self.pid, label)
        except BaseException:  # a full disk: nobody would stop it
            self._popen.kill()
            self._popen.wait(STOP_SECONDS)
            raise
        BOUNDS.add(log)

    def _started(
        self, words: Sequence[str], env: Mapping[str, str], settle_in: Callable[[], None], cwd: Path | None
    ) -> subprocess.Popen[bytes]:
        with open(self.log, "ab", opener=unblanked) as output:
            self._log_began = written(self.log)
            return subprocess.Popen(
                words,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=env,
                cwd=cwd,
                start_new_session=True,
                preexec_fn=settle_in if sys.platform == "linux" else None,
            )

    @property
    def pid(self) -> int:
        return self._popen.pid

    def exit_code(self) -> int | None:
        return self._popen.poll()

    def ended(self) -> str | None:
        """Of a target, how it ended, and the last line that it wrote; None while it runs."""
        how = self.how_ended()
        return f"the target {how}; its last line: {self.last_words()}" if how else None

    def how_ended(self) -> str | None:
        """None while it runs. A keeper says, as shells do, 128 and the number of the signal."""
        code = self.exit_code()
        if code is None:
            return None
        try:
            return f"was killed by {signal.Signals(-code if code < 0 else code - 128).name}"
        except ValueError:
            return f"ended with exit code {code}"

    def was_killed(self) -> bool:
        """By a signal, whoever sent it."""
        return (self.exit_code() or 0) < 0

    def wait(self, seconds: float) -> int | None:
        """Its exit code, or None when it still runs after ``seconds``."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def interrupt(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Without a word, itself alone: what it leaves behind is ended when it is stopped."""
        self._popen.kill()

    def finish(self, seconds: float) -> None:
        """Stop it; before that it is interrupted, and has so many ``seconds`` to end by itself, where it is
        given some."""
        if seconds:
            self.interrupt()
            self.wait(seconds)
        self.stop()

    def stop(self) -> None:
        """End it and all that it started; returns when they are gone, and its log holds no secret.

        Raises RuntimeError where the system does not end what it was told to kill.
        """
        if self._popen.poll() is None:
            self._end()
        # What lost its parent: of a keeper, or of a master of load workers, that was killed.
        end(left([self._started_as]))
        if self.wait(STOP_SECONDS) is None:
            raise RuntimeError(f"process {self.pid} was killed and has not ended ({self.log})")
        _STARTED.discard(self._label)
        BOUNDS.remove(self.log)
        with contextlib.suppress(OSError):  # moved, or a full disk
            blank_file(self.log)

    def _end(self) -> None:
        process = psutil.Process(self.pid)
        end([process, *process.children(recursive=True)])

    def listens_on(self) -> set[int]:
        """The TCP ports at which it, or what it started, takes connections."""
        found = set()
        with contextlib.suppress(psutil.Error):
            process = psutil.Process(self.pid)
            for one in (process, *process.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    found |= {
                        connection.laddr.port
                        for connection in one.net_connections("tcp")
                        if connection.status == psutil.CONN_LISTEN
                    }
        return found

    def has_written(self, text: str) -> bool:
        """Is that in what it wrote last?"""
        return text in self._wrote()

    def last_words(self) -> str:
        """The last line it wrote that says something, for a message in one line."""
        return next(self._lines_backwards(), NO_WORD)

    def complaint(self) -> str:
        """The last line that names an error, for uvicorn and argparse go on after it; else the last words."""
        errors = (line for line in self._lines_backwards() if re.search(r"error:", line, re.IGNORECASE))
        return next(errors, self.last_words())

    def complaint_after(self, seconds: float) -> str:
        """The same of one that was waited for in vain: and what it got of the CPUs, if it is still there."""
        return f"{self.complaint()}{got_in(seconds, self.pid)}"

    def _wrote(self) -> str:
        """The end of what itself wrote: a log goes on where its program is started again."""
        return last(self.log, self._log_began, _WORDS_BYTES)

    def _lines_backwards(self) -> Iterator[str]:
        lines = self._wrote().splitlines()
        redact = redaction().without_secrets
        return (redact(line.strip()) for line in reversed(lines) if line.strip())


class Command(Child):
    """Anybody's program, kept by `keeper`: words of a command line, found on the PATH of ``env``."""

    def __init__(
        self,
        words: Sequence[str],
        *,
        log: Path,
        ledger: Ledger,
        env: Mapping[str, str],
        cpus: Collection[int] | None,
        cwd: Path | None,
    ) -> None:
        argv = ["-E", "-P", str(PROJECT / "sweep" / "running" / "keeper.py"), *words]
        super().__init__(argv, log=log, ledger=ledger, env=env, cpus=cpus, ours=False, cwd=cwd)

    def pids(self) -> tuple[int, ...]:
        """Of the program, and of what it started and left; their children are not among them."""
        with contextlib.suppress(psutil.NoSuchProcess):
            return tuple(child.pid for child in psutil.Process(self.pid).children())
        return ()

    def _end(self) -> None:
        """The keeper alone is told: it ends the rest, and then itself."""
        self._popen.terminate()
        if self.wait(_KEEPER_SECONDS) is None:
            super()._end()
