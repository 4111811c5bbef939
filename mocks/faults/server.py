"""The HTTP side of a fault: keep-alive connections, one request at a time, each with its line of truth."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import Protocol, cast

from mocks import openai_wire
from mocks.faults.dialects import PATHS, dialect
from mocks.faults.reply import Knobs, Reply, Shared, Wire
from mocks.faults.truth import Truth
from mocks.http_connection import HttpConnection, Request, json_answer, now_ns
from mocks.serving import Record


class Fault(Protocol):
    """A module of this package: what it does wrong, in one sentence, and the doing."""

    SENTENCE: str

    async def answer(self, reply: Reply, /) -> None: ...


@dataclass(kw_only=True)
class Server:
    """One fault in one dialect, and what its connections share."""

    name: str
    fault: Fault
    dialect: str
    knobs: Knobs
    record: Record | None
    shared: Shared = field(default_factory=Shared)
    connections: set[Connection] = field(default_factory=set)
    opened: int = 0
    requests: int = 0

    def connect(self) -> Connection:
        self.opened += 1
        return Connection(self, self.opened)

    def close_all(self) -> None:
        if self.shared.blocker is not None:
            self.shared.blocker.cancel()
        for connection in tuple(self.connections):
            connection.close()

    def write_record(self, record: dict[str, object]) -> None:
        if self.record is not None:
            self.record.write(record)


class Connection(HttpConnection):
    """One client's connection; its requests are answered one after the other."""

    def __init__(self, server: Server, number: int) -> None:
        super().__init__(server.connections)
        self._server = server
        self._number = number
        self._requests: asyncio.Queue[Request] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._wire = Wire(cast(asyncio.Transport, transport))
        self._serving = asyncio.get_running_loop().create_task(self._serve())

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._serving.cancel()

    def pause_writing(self) -> None:
        self._wire.writable.clear()

    def resume_writing(self) -> None:
        self._wire.writable.set()

    def close(self) -> None:
        self._serving.cancel()
        super().close()

    def requested(self, request: Request) -> None:
        self._requests.put_nowait(request)

    async def _serve(self) -> None:
        while not self._wire.transport.is_closing():
            await self._handle(await self._requests.get())

    async def _handle(self, request: Request) -> None:
        path = PATHS[self._server.dialect]
        if (request.method, request.path) == (b"GET", b"/health"):
            self._plain(200, b'{"status":"ok"}', request)
        elif request.path != path:
            self._plain(404, openai_wire.error_body(f"here only {path.decode()} is answered"), request)
        elif request.method != b"POST":
            self._plain(405, openai_wire.error_body(f"{path.decode()} is asked with POST"), request)
        else:
            self._server.requests += 1
            await self._answer(request, self._server.requests)

    async def _answer(self, request: Request, number: int) -> None:
        server = self._server
        truth = Truth(
            fault=server.name,
            request=number,
            connection=self._number,
            received_at_ns=request.received_at_ns,
        )
        left = True
        try:
            asked = dialect(server.dialect, request.body, number)
            reply = Reply(
                wire=self._wire,
                dialect=asked,
                knobs=server.knobs,
                shared=server.shared,
                truth=truth,
                keep_alive=request.keep_alive,
            )
            await server.fault.answer(reply)
            left = False
        except openai_wire.BadRequest as error:
            truth.status = 400
            self._plain(400, openai_wire.error_body(str(error)), request)
        finally:
            server.write_record(truth.close(now_ns(), left=left))

    def _plain(self, status: int, body: bytes, request: Request) -> None:
        self.send(json_answer(status, body, keep_alive=request.keep_alive))
        if not request.keep_alive:
            super().close()  # _serve ends by itself
