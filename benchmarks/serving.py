"""What the benchmarks share: servers on free ports, questions, a raw keep-alive client, paired ratios."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import os
import random
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))  # runs from a clone that is not installed too

from target_app.corpus import WALKER  # noqa: E402

FORMS = ("What does {} do?", "How do I use {}?", "Explain the function {}")
START_LIMIT_S = 240.0  # a first start builds the index
ANSWER_LIMIT_S = 20.0
END_OF_CHUNKS = b"\r\n0\r\n\r\n"

signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that a timeout, too, ends the servers


def function_names(count: int, seed: int) -> list[str]:
    """Public functions of the standard library that the corpus holds, drawn with the seed."""
    walk = subprocess.run([sys.executable, "-I", str(WALKER)], capture_output=True, timeout=120, check=True)
    kinds: dict[str, str] = {}
    for line in walk.stdout.splitlines():
        entry = json.loads(line)
        kinds.setdefault(entry["name"], entry["kind"])  # the corpus, too, keeps the first of a name
    names = [name for name, kind in kinds.items() if kind == "function"]
    return random.Random(seed).sample(names, count)


def body(question: str) -> bytes:
    """A request as the original's client sends it."""
    fields = {
        "query": question,
        "embedding_model": "local:minilm",
        "llm_model": "openai:mock",
        "prompt": "Answer.",
    }
    return json.dumps(fields).encode()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def request_bytes(question: str) -> bytes:
    """The same as it travels, for a client of its own."""
    payload = body(question)
    head = "POST /ask/stream HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    return f"{head}Content-Length: {len(payload)}\r\n\r\n".encode() + payload


@contextmanager
def server(app: str, settings: Mapping[str, str] | None = None, *, core: int | None = None) -> Iterator[int]:
    """uvicorn on a free port, on one core if given; the port, not yet ready. Ended on the way out."""
    port = free_port()
    command = [sys.executable, "-m", "uvicorn", app, "--host", "127.0.0.1", "--port", str(port)]
    command += ["--log-level", "warning", "--no-access-log", "--app-dir", str(ROOT / "benchmarks")]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **(settings or {})}
    with pinned(core):  # threads started later inherit it
        process = subprocess.Popen(command, cwd=ROOT, env=environment)
    try:
        yield port
    finally:
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)


@contextmanager
def pinned(core: int | None) -> Iterator[None]:
    """This process, and what it starts, on one core; nothing where the system cannot."""
    me = psutil.Process()
    if core is None or not hasattr(me, "cpu_affinity"):
        yield
        return
    before = me.cpu_affinity()
    me.cpu_affinity([core])
    try:
        yield
    finally:
        me.cpu_affinity(before)


def wait_ready(port: int) -> None:
    """Until `/ready` says 200.

    Raises:
        SystemExit: it does not in time.
    """
    deadline_s = time.monotonic() + START_LIMIT_S
    while time.monotonic() < deadline_s:
        with suppress(OSError, http.client.HTTPException):
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/ready")
            if connection.getresponse().status == 200:
                return
        time.sleep(0.1)
    raise SystemExit(f"the server on port {port} did not get ready within {START_LIMIT_S:.0f} s")


def setting(port: int, name: str) -> object:
    """What the target says of a setting in effect."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    connection.request("GET", "/config")
    return json.loads(connection.getresponse().read())["settings"][name]


def ask(port: int, path: str, questions: Sequence[str]) -> Iterator[bytes]:
    """Whole answers, one after the other, on one connection."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_LIMIT_S)
    for question in questions:
        connection.request("POST", path, body(question), {"content-type": "application/json"})
        response = connection.getresponse()
        answer = response.read()
        if response.status != 200:
            raise SystemExit(f"{path} answered {response.status}: {answer[:200]!r}")
        yield answer
    connection.close()


class _Connection(asyncio.Protocol):
    """Asks again as soon as an answer is complete, until told to stop."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._got = bytearray()

    _transport: Any

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._transport.write(next(self._load.requests))

    def data_received(self, data: bytes) -> None:
        self._got += data
        if not self._got.endswith(END_OF_CHUNKS):
            return
        if not self._got.startswith(b"HTTP/1.1 200") or b'"final_answer"' not in self._got:
            self._load.fail(bytes(self._got[:300]))
        self._got.clear()
        self._load.answered += 1
        self._transport.write(next(self._load.requests))

    def connection_lost(self, error: Exception | None) -> None:
        if not self._load.over:
            self._load.fail(f"connection lost: {error}".encode())


class Load:
    """Closed-loop load on `/ask/stream`: each connection asks, reads to the end, asks again."""

    def __init__(self, port: int, questions: Sequence[str]) -> None:
        self.requests = itertools.cycle([request_bytes(question) for question in questions])
        self.answered = 0
        self.over = False
        self._port = port
        self._failure = b""
        self._opened: list[asyncio.Transport] = []

    def fail(self, what: bytes) -> None:
        self._failure = self._failure or what

    async def open(self, connections: int) -> None:
        """Have so many ask, until `close`."""
        loop = asyncio.get_running_loop()
        for _ in range(connections):
            made, _ = await loop.create_connection(lambda: _Connection(self), "127.0.0.1", self._port)
            self._opened.append(made)

    async def close(self) -> None:
        """Raises SystemExit: an answer was not complete, or there was none."""
        self.over = True
        for transport in self._opened:
            transport.abort()
        await asyncio.sleep(0.1)
        self.check()
        if not self.answered:
            raise SystemExit(f"port {self._port}: not one whole answer came")

    def check(self) -> None:
        """Raises SystemExit: an answer was not complete."""
        if self._failure:
            raise SystemExit(f"port {self._port}: {self._failure!r}")

    async def _run(self, connections: int, seconds: float) -> float:
        await self.open(connections)
        await asyncio.sleep(min(0.5, seconds / 4))  # all connections busy before the count begins
        first, began_s = self.answered, time.perf_counter()
        await asyncio.sleep(seconds)
        rps = (self.answered - first) / (time.perf_counter() - began_s)
        await self.close()
        return rps

    def rps(self, connections: int, seconds: float) -> float:
        """Answers a second over `seconds`.

        Raises:
            SystemExit: an answer was not complete.
        """
        import uvloop

        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            return runner.run(self._run(connections, seconds))


@dataclass(frozen=True, kw_only=True)
class Paired:
    """Two series measured in turn; the ratio is taken round by round."""

    first: list[float]
    second: list[float]

    def summary(self) -> dict[str, float]:
        ratios = [a / b for a, b in zip(self.first, self.second, strict=True)]
        return {
            "first_rps": round(statistics.median(self.first), 1),
            "second_rps": round(statistics.median(self.second), 1),
            "ratio": round(statistics.median(ratios), 3),
            # the least and the greatest of n hold the median with 1 - 2 ** (1 - n): 97 % for six
            "ratio_low": round(min(ratios), 3),
            "ratio_high": round(max(ratios), 3),
            "confidence": round(1 - 2.0 ** (1 - len(ratios)), 3),
        }
