"""Processes that a sweep starts, and that never outlive it."""

from __future__ import annotations

import contextlib
import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import orjson
import psutil

from records.files import LineFile, read_lines
from sweep.secrets import blank_file, redaction, without_key

PROJECT = Path(__file__).resolve().parent.parent
STOP_SECONDS = 10.0
_PR_SET_PDEATHSIG = 1


def free_port() -> int:
    """A TCP port on 127.0.0.1 that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _settle_in(cpus: Collection[int] | None, realtime: int) -> None:
    """In the child, before it is the program: keep it on its CPUs, first in line there, and ask Linux for
    SIGTERM when the sweep dies, however it dies."""
    if cpus is not None:
        os.sched_setaffinity(0, cpus)
    if realtime:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(realtime))
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Ledger:
    """The processes of a run, written down as they start.

    A sweep that is killed can clean up nothing; the next ``--resume`` ends what is still alive. A pid
    alone may have been given to a stranger since, so its creation time is kept and compared.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def add(self, pid: int) -> None:
        with contextlib.suppress(psutil.NoSuchProcess):
            entry = {"pid": pid, "created": psutil.Process(pid).create_time()}
            file = LineFile(self._path)
            file.append(orjson.dumps(entry, option=orjson.OPT_APPEND_NEWLINE))
            file.close()

    def end_survivors(self) -> int:
        """End every process of the ledger that still lives; how many there were."""
        if not self._path.exists():
            return 0
        survivors = []
        for _, line in read_lines(self._path):
            # What is damaged, or nobody's that may be looked at, names no process of ours.
            with contextlib.suppress(psutil.Error, ValueError, TypeError, KeyError):
                entry = orjson.loads(line)
                process = psutil.Process(entry["pid"])
                if abs(process.create_time() - entry["created"]) < 1:
                    survivors += [process, *process.children(recursive=True)]
        end(survivors)
        return len(survivors)


def end(processes: Sequence[psutil.Process]) -> None:
    """SIGTERM, then SIGKILL for what has not gone within ten seconds."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    _, alive = psutil.wait_procs(processes, timeout=STOP_SECONDS)
    for process in alive:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(alive, timeout=STOP_SECONDS)


class Child:
    """One process with its output in a file, in a session of its own (Ctrl-C goes to the sweep).

    ``env``: its environment; None: the sweep's, without the target's key.

    ``cpus``: all it may run on; None: what the sweep may, or where the system keeps nobody anywhere.
    ``realtime``: its priority before all that is not so (`sweep.cpus.may_be_realtime`); 0: like any other.

    Raises:
        RuntimeError: it cannot be kept on ``cpus``.
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
    ) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        environment = without_key(os.environ) if env is None else dict(env)
        # Works from a checkout that was not installed, too.
        path = [str(PROJECT), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, path))
        environment["PYTHONUNBUFFERED"] = "1"
        self.log = log
        self._popen = self._started(argv, environment, cpus, realtime)
        ledger.add(self.pid)

    def _started(
        self, argv: Sequence[str], env: Mapping[str, str], cpus: Collection[int] | None, realtime: int
    ) -> subprocess.Popen[bytes]:
        with self.log.open("ab") as output:
            try:
                return subprocess.Popen(
                    [sys.executable, *argv],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    env=env,
                    start_new_session=True,
                    preexec_fn=partial(_settle_in, cpus, realtime) if sys.platform == "linux" else None,
                )
            except subprocess.SubprocessError as error:
                raise RuntimeError(f"a process cannot be kept on the CPUs {sorted(cpus or ())}") from error

    @property
    def pid(self) -> int:
        return self._popen.pid

    def exit_code(self) -> int | None:
        return self._popen.poll()

    def wait(self, seconds: float) -> int | None:
        """Its exit code, or None when it still runs after ``seconds``."""
        try:
            return self._popen.wait(seconds)
        except subprocess.TimeoutExpired:
            return None

    def interrupt(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            self._popen.send_signal(signal.SIGINT)

    def stop(self) -> None:
        """End it and its children; returns when they are gone, and its log holds no secret.

        Raises RuntimeError where the system does not end what it was told to kill.
        """
        if self._popen.poll() is None:
            process = psutil.Process(self.pid)
            end([process, *process.children(recursive=True)])
        if self.wait(STOP_SECONDS) is None:
            raise RuntimeError(f"process {self.pid} was killed and has not ended ({self.log})")
        with contextlib.suppress(OSError):  # moved, or a full disk
            blank_file(self.log)

    def last_words(self) -> str:
        """The last line it wrote that says something, for a message in one line."""
        return next(self._lines_backwards(), "no word yet")

    def complaint(self) -> str:
        """The last line that names an error, for uvicorn and argparse go on after it; else the last words."""
        errors = (line for line in self._lines_backwards() if re.search(r"error:", line, re.IGNORECASE))
        return next(errors, self.last_words())

    def _lines_backwards(self) -> Iterator[str]:
        lines = self.log.read_text(errors="replace").splitlines()
        redact = redaction().without_secrets
        return (redact(line.strip()) for line in reversed(lines) if line.strip())
