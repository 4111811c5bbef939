"""A fault's server in a thread of this process, and a client that keeps every packet with its time."""

import asyncio
import bisect
import itertools
import json
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from mocks import serving
from mocks.faults.catalogue import FAULTS
from mocks.faults.dialects import PATHS
from mocks.faults.reply import Knobs
from mocks.faults.server import Server
from mocks.http_connection import now_ns
from support import lines, rows, wait_until

LIMIT_S = 60.0
BODIES: dict[str, dict[str, Any]] = {
    "ask": {"query": "What is zip?"},
    "openai": {
        "model": "m", "messages": [{"role": "user", "content": "What is zip?"}],
        "stream": True, "stream_options": {"include_usage": True},
    },
}  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Arrived:
    """One event and when its last byte came."""

    payload: bytes
    at_ns: int

    @property
    def json(self) -> Any:
        return json.loads(self.payload)

    @property
    def text(self) -> str:
        """The piece of the answer in it, in either dialect."""
        event = {} if self.payload == b"[DONE]" else self.json
        for choice in event.get("choices", ()):
            event = choice["delta"]
        return str(event.get("content", ""))


@dataclass(kw_only=True)
class Reading:
    """Everything that came in answer to one request, packet by packet, up to its end."""

    packets: list[tuple[int, bytes]] = field(default_factory=list)
    end: str = ""
    """whole (last chunk), eof or reset"""

    @property
    def raw(self) -> bytes:
        return b"".join(data for _, data in self.packets)

    @property
    def head(self) -> bytes:
        return self.raw.partition(b"\r\n\r\n")[0].lower()

    @property
    def status(self) -> int:
        return int(self.head.split()[1])

    @property
    def chunked(self) -> bool:
        return b"transfer-encoding: chunked" in self.head

    @property
    def whole(self) -> bool:
        if b"\r\n\r\n" not in self.raw:
            return False
        if self.chunked:
            return self.raw.endswith(b"\r\n0\r\n\r\n")
        length = re.search(rb"content-length: (\d+)", self.head)
        return length is not None and len(self.body) >= int(length[1])

    def places(self) -> list[int]:
        """For each byte of the body its place in what came."""
        raw, place = self.raw, self.raw.index(b"\r\n\r\n") + 4
        if not self.chunked:
            return list(range(place, len(raw)))
        found: list[int] = []
        while (line_end := raw.find(b"\r\n", place)) >= 0 and (size := int(raw[place:line_end], 16)):
            found += range(line_end + 2, min(line_end + 2 + size, len(raw)))
            place = line_end + 2 + size + 2
        return found

    @property
    def body(self) -> bytes:
        raw = self.raw
        return bytes(raw[place] for place in self.places())

    @property
    def events(self) -> list[Arrived]:
        """By the letter of the stream format, but for a last event without its blank line."""
        places, ends = self.places(), list(itertools.accumulate(len(data) for _, data in self.packets))
        body, found, lines = self.body, [], []
        start = 3 if body.startswith(b"\xef\xbb\xbf") else 0
        for line_end in [*re.finditer(rb"\r\n|\n|\r", body), None]:
            stop, after = (len(body), len(body)) if line_end is None else line_end.span()
            line, start = body[start:stop], after
            if line.startswith(b"data:"):
                lines.append(line[5:].removeprefix(b" "))
            if lines and (line_end is None or not line):
                packet = bisect.bisect_right(ends, places[after - 1])
                found.append(Arrived(payload=b"\n".join(lines), at_ns=self.packets[packet][0]))
                lines = []
        return found

    @property
    def answer(self) -> list[Arrived]:
        """The events with text in them, since the last restart."""
        last: list[Arrived] = []
        for event in self.events:
            if b'"clear_response"' in event.payload:
                last = []
            elif event.text:
                last.append(event)
        return last


class Client:
    """One connection."""

    def __init__(self, port: int, dialect: str) -> None:
        self.dialect = dialect
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=LIMIT_S)

    def send(self, **fields: Any) -> None:
        body = json.dumps(BODIES[self.dialect] | fields).encode()
        self.send_raw(b"POST " + PATHS[self.dialect], body)

    def send_raw(self, line: bytes, body: bytes = b"") -> None:
        head = b"%b HTTP/1.1\r\nhost: x\r\naccept-encoding: identity\r\ncontent-length: %d\r\n\r\n"
        self.socket.sendall(head % (line, len(body)) + body)

    def read(self) -> Reading:
        reading = Reading()
        while not reading.whole:
            try:
                data = self.socket.recv(65536)
            except ConnectionResetError:
                reading.end = "reset"
                return reading
            reading.packets.append((now_ns(), data))
            if not data:
                reading.end = "eof"
                return reading
        reading.end = "whole"
        return reading

    def ask(self, **fields: Any) -> Reading:
        self.send(**fields)
        return self.read()

    def close(self) -> None:
        self.socket.close()


class Served:
    """A server of one fault, listening."""

    def __init__(self, server: Server, record: Path, stack: ExitStack) -> None:
        self.record = record
        self.stack = stack
        self.dialect = server.dialect
        self._server = server
        self._port: Future[int] = Future()
        self._loop = asyncio.new_event_loop()
        run = self._loop.run_until_complete
        self._thread = threading.Thread(target=lambda: run(self._serve()), daemon=True)
        self._thread.start()
        self.port = self._port.result(LIMIT_S)

    async def _serve(self) -> None:
        self._stopped = asyncio.Event()
        listening = await self._loop.create_server(self._server.connect, "127.0.0.1", 0)
        self._port.set_result(listening.sockets[0].getsockname()[1])
        await self._stopped.wait()
        listening.close()
        self._server.close_all()
        await asyncio.sleep(0.01)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(LIMIT_S)

    def connect(self) -> Client:
        client = Client(self.port, self.dialect)
        self.stack.callback(client.close)
        return client

    def truths(self, count: int) -> list[dict[str, Any]]:
        """The records, in the order of the requests, once there are ``count``."""
        wait_until(lambda: lines(self.record) >= count)
        return sorted(rows(self.record), key=lambda truth: int(truth["request"]))

    def once(self) -> tuple[Reading, dict[str, Any]]:
        return self.few(1)[0]

    def few(self, count: int = 4) -> list[tuple[Reading, dict[str, Any]]]:
        """Requests on connections of their own: what was read, and the truth. Several where something is to
        happen soon: a busy machine may make any of them late, but hardly all."""
        readings = [self.connect().ask() for _ in range(count)]
        return list(zip(readings, self.truths(count), strict=True))


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """A server of the fault NAME with small times; ended after use."""
    with ExitStack() as stack:

        def begin(name: str, dialect: str = "ask", **knobs: float) -> Served:
            record = tmp_path / f"{name}-{time.monotonic_ns()}.jsonl"
            defaults: dict[str, Any] = {
                "ttft_ms": 60, "itl_ms": 10, "tokens": 8, "stall_s": 0.4, "stall_at_s": 0.2, "every_ms": 200,
                "lump_bytes": 1024,
            }  # fmt: skip
            server = Server(
                name=name, fault=FAULTS[name], dialect=dialect, knobs=Knobs(**(defaults | knobs)),
                record=serving.open_record(record),
            )  # fmt: skip
            served = Served(server, record, stack)
            stack.callback(served.stop)
            return served

        yield begin
