"""What tests of several rooms use: ports, waits, processes, sweeps, and what these leave behind."""

import argparse
import contextlib
import http.client
import itertools
import json
import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import psutil

import preloaded
from records.cells.folders import cell_directories
from workloads.catalogue import checks_that

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 120.0
"""For whatever comes at once on a machine that is not busy."""
SWEEP_LIMIT_S = 280.0
ONCE = ("--budget", "10s")
"""Words for a sweep of one cell: no time to measure again what a busy machine spoiled."""

FIRST_PORT, PORTS_EACH = 10_000, 1_000
"""Below those that the kernel gives away (32768 and up), so that no connection has one at the wrong moment;
to each worker of pytest-xdist its own, so that no two tests have one."""
_offsets = itertools.count(os.getpid())
"""Two runs at a time on one machine begin at other places."""
OF_THE_MACHINE = set(checks_that(lambda check: check.of_the_machine and not check.of_its_end))
"""What a machine that is busy with others fails; no process of ours ends because of that."""
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}
"""Of a process that may write little to a file: before Python 3.14 it cuts off, for all, what it compiles."""
CHECKS = set(checks_that(lambda _: True))


def free_port() -> int:
    """A port for a process that cannot choose one itself; none is given twice."""
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw")) % 20
    for _ in range(PORTS_EACH):
        port = FIRST_PORT + worker * PORTS_EACH + next(_offsets) % PORTS_EACH
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("no port is free")


def wait_until(what: Callable[[], Any], seconds: float = LIMIT_S) -> Any:
    """What ``what`` says once it says anything; what is not there yet may be an OSError."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        with contextlib.suppress(OSError):
            if found := what():
                return found
        time.sleep(0.02)
    raise AssertionError("waited in vain")


def lines(path: Path) -> int:
    return path.read_bytes().count(b"\n") if path.exists() else 0


def rows(path: Path) -> list[dict[str, Any]]:
    """The objects of a file of JSON lines."""
    return [json.loads(line) for line in path.read_text().splitlines()]


def environment(**more: str) -> dict[str, str]:
    """Without what would change a load or a target unasked."""
    clean = {k: v for k, v in os.environ.items() if not k.startswith(("LOCUST_", "TARGET_"))}
    return clean | {"PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"} | more


class Process:
    """A module of ours, or locust, as a process with its output in a file."""

    def __init__(
        self, output: Path, *arguments: str, stdout: IO[str] | None = None, **variables: str
    ) -> None:
        """``stdout``: for what is said there; ``output`` then holds standard error alone."""
        self.output = output
        self.process: subprocess.Popen[bytes] | preloaded.Forked
        env = environment(**variables)
        with output.open("wb") as file:
            if arguments[0] == "locust" and not any(map(preloaded.is_of_the_interpreter, variables)):
                with open(os.devnull) as nothing:
                    files = (stdout or file, file, nothing)
                    self.process = preloaded.Forked(list(arguments), output.parent, env, *files)
            else:
                self.process = subprocess.Popen(
                    [sys.executable, "-m", *arguments], cwd=output.parent, stdin=subprocess.DEVNULL,
                    stdout=stdout or file, stderr=file, env=env, start_new_session=True,
                )  # fmt: skip

    @property
    def text(self) -> str:
        return self.output.read_text()

    @property
    def url(self) -> str:
        """Where it says that it listens, once it does."""

        def said() -> re.Match[str] | None:
            assert self.process.poll() is None, self.text
            return re.search(r"http://\S+(?=\s)", self.text)

        return str(wait_until(said)[0])

    def send(self, number: int) -> None:
        self.process.send_signal(number)

    def wait(self, seconds: float = 100) -> int:
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            raise AssertionError(f"still there after {seconds} s:\n{self.text}") from None

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Have it end by itself; its exit code."""
        if self.process.poll() is None:
            self.send(number)
        try:
            return self.wait(LIMIT_S)
        finally:
            self.kill()

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # a session of its own: its workers, too
        self.process.wait(LIMIT_S)


class MockLLM(Process):
    """The mock LLM server, listening, with its record of what it was asked."""

    def __init__(self, record: Path, *flags: str) -> None:
        self.record = record
        words = ("mocks.openai_server", "--port", "0", "--record", str(record), *flags)
        super().__init__(record.with_suffix(".log"), *words)
        self.port = int(self.url.rsplit(":", 1)[1])

    @property
    def base_url(self) -> str:
        return f"{self.url}/v1"

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=LIMIT_S)

    def connections(self) -> int:
        """How many clients have one to it at this moment."""
        found = psutil.Process(self.process.pid).net_connections("tcp")
        return sum(one.status == psutil.CONN_ESTABLISHED for one in found)

    def records(self, least: int = 0) -> list[dict[str, Any]]:
        """Once there are so many."""
        wait_until(lambda: lines(self.record) >= least)
        return rows(self.record)


class Listener:
    """A socket server of this process on a port of its own, with a thread for each connection."""

    def __init__(self, serve: Callable[[socket.socket], None]) -> None:
        self.accepted: list[socket.socket] = []
        self._serve = serve
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = int(self._listener.getsockname()[1])
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.accepted.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def close(self) -> None:
        end(self._listener)


def end(sock: socket.socket) -> None:
    """Close it, and wake the thread that waits at it: a process that is stopped and goes on would have that
    one wait at whatever has the socket's number by then, such as the server of another test."""
    with contextlib.suppress(OSError):  # nobody is there any more
        sock.shutdown(socket.SHUT_RDWR)
    sock.close()


def only_of_the_machine(failed: set[str]) -> bool:
    """Did anything fail, but nothing but what a machine that is busy with others fails?"""
    return bool(failed) and failed <= OF_THE_MACHINE


def ended_well(process: Process) -> bool:
    """Did a load end with 0? Or with 3, but for nothing else than that this machine was busy with others?"""
    code = process.wait()
    said = re.findall(r"^invalid: (.*)$", process.text, re.MULTILINE)
    # An advice has such words, too: "(--rate; sweep: --grid rate=)".
    failed = CHECKS.intersection(re.findall(r"(?:^|; )([a-z-]+): ", said[-1])) if said else set()
    return code == 0 or (code == 3 and only_of_the_machine(failed))


def sweep(*words: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "sweep", *words], cwd=cwd, env=environment(**variables),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SWEEP_LIMIT_S,
    )  # fmt: skip


def sweep_ended_well(code: int, run: Path) -> bool:
    """As ``ended_well``, of a sweep."""
    cells = [json.loads((cell / "cell.json").read_text()) for cell in cell_directories(run)]
    checks = [check for cell in cells for check in cell["verdict"]["checks"]]
    failed = {check["name"] for check in checks if check["status"] == "fail"}
    return code == 0 or (code == 3 and only_of_the_machine(failed))


class OptionParser(argparse.ArgumentParser):
    """Takes the arguments of locust's parser, without locust."""

    def add_argument(self, *names: Any, **given: Any) -> Any:
        ours = {k: v for k, v in given.items() if k not in ("env_var", "include_in_web_ui")}
        return super().add_argument(*names, **ours)


QUESTION = {
    "query": "What is the capital of France?", "embedding_model": "local:default",
    "llm_model": "openai:default", "prompt": "Answer briefly.",
}  # fmt: skip
"""As the target's wire wants it."""
