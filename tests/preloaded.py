"""Starts locust without its imports, which take a second of CPU each time, of hundreds of times.

A process has loaded locust and our client, and forks for each start: what runs then is a process of its own,
with its own session, folder, environment and output, as if it had been started anew. Sweeps and commands that
tests start otherwise load all by themselves, as users' do. This file is also the program that forks.
"""

import contextlib
import functools
import json
import os
import random
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

MOST_BYTES = 1 << 16


def is_of_the_interpreter(variable: str) -> bool:
    """One that a process which runs already would not heed."""
    return variable.startswith(("PYTHON", "LD_", "GEVENT_"))


class Forked:
    """What tests use of `subprocess.Popen`."""

    def __init__(
        self, words: list[str], cwd: Path, env: dict[str, str], out: IO[Any], err: IO[Any], given: IO[Any]
    ) -> None:
        """``given``: its standard input."""
        self._said, theirs = os.pipe()
        text = json.dumps({"words": words, "cwd": str(cwd), "env": env}).encode()
        try:
            with contextlib.closing(socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)) as control:
                control.connect(_address())
                socket.send_fds(control, [text], [given.fileno(), out.fileno(), err.fileno(), theirs])
        finally:
            os.close(theirs)
        self.returncode: int | None = None
        self._text = b""
        while b"\n" not in self._text:
            self._more(None)
            assert self.returncode is None, "who forks has ended"
        self.pid = int(self._text.splitlines()[0])

    def poll(self) -> int | None:
        self._more(0)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        ends = None if timeout is None else time.monotonic() + timeout
        while self.returncode is None:
            left = None if ends is None else max(0.0, ends - time.monotonic())
            if not self._more(left) and left == 0:
                raise subprocess.TimeoutExpired("locust", timeout or 0)
        return self.returncode

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def _more(self, seconds: float | None) -> bool:
        """Has anything been said within that time?"""
        if self.returncode is not None or not select.select([self._said], [], [], seconds)[0]:
            return False
        piece = os.read(self._said, 100)
        self._text += piece
        if not piece or self._text.count(b"\n") == 2:
            os.close(self._said)  # from here on its number may be another's
            said = self._text.split()
            self.returncode = int(said[1]) if len(said) == 2 else -signal.SIGKILL
        return True


def run(
    argv: list[str], *, env: Mapping[str, str], input: bytes, timeout: float, **_: bool
) -> subprocess.CompletedProcess[bytes]:
    """As `subprocess.run` of ``python -m ...``, whose output is captured."""
    assert argv[:2] == [sys.executable, "-m"]
    with tempfile.TemporaryFile() as given, tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        given.write(input)
        given.seek(0)
        forked = Forked(argv[2:], Path.cwd(), dict(env), out, err, given)
        try:
            code = forked.wait(timeout)
        except subprocess.TimeoutExpired:
            os.kill(forked.pid, signal.SIGKILL)
            forked.wait()
            raise
        out.seek(0)
        err.seek(0)
        return subprocess.CompletedProcess(argv, code, out.read(), err.read())


@functools.cache
def _address() -> bytes:
    """Where a process listens that forks for this one; it ends with it."""
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    listener.bind("")  # a name that is nobody's
    listener.listen(16)
    lives, _ours = os.pipe()
    root = Path(__file__).resolve().parents[1]
    env = {**os.environ, "PYTHONPATH": str(root), "PYTHONUNBUFFERED": "1"}
    subprocess.run(
        [sys.executable, __file__, str(listener.fileno()), str(lives)], env=env, cwd=root, check=True,
        pass_fds=[listener.fileno(), lives], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
    )  # fmt: skip
    os.close(lives)
    name: bytes = listener.getsockname()
    listener.close()
    return name


def main(listener: socket.socket, lives: int) -> None:
    """Forks until the tests have ended."""
    # As they are before gevent puts its own in their place, which close a file later, and wait for others.
    fork, close, poll, select_plain = os.fork, os.close, select.poll, select.select
    import locust.main  # noqa: F401

    import loadgen.adapter.user  # noqa: F401

    ends: list[Any] = [listener, lives]
    while listener in select_plain(ends, [], [])[0]:
        control, _ = listener.accept()
        text, (given, out, err, said), _, _ = socket.recv_fds(control, MOST_BYTES, 4)
        control.close()
        if fork():
            for number in (given, out, err, said):
                close(number)
            continue
        listener.close()  # this one waits for what it has started, and says how it ended
        close(lives)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        pid = fork()
        if not pid:
            close(said)
            begin(**json.loads(text), files=(given, out, err), close=close)
            return
        os.write(said, b"%d\n" % pid)
        for number in (given, out, err):
            close(number)
        ended = os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
        assert ended is not None
        code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
        os.write(said, b"%d\n" % code)
        heard = poll()  # until then it has its number
        heard.register(said, 0)
        heard.poll()
        os._exit(0)


def begin(
    words: list[str], cwd: str, env: dict[str, str], files: tuple[int, int, int], close: Callable[[int], None]
) -> None:
    """As ``python -m WORDS`` there."""
    import gevent

    gevent.reinit()
    os.setsid()
    for number, theirs in enumerate(files):
        os.dup2(theirs, number)
        close(theirs)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[0] = cwd
    random.seed()
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    os.setsid()
    if os.fork():  # it is nobody's child: of tests that end theirs it is none
        os._exit(0)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who wait
    main(socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2]))
