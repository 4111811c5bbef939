"""One answer on its way: what a fault writes with. Each write is handed to the kernel by itself."""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from mocks.faults.dialects import Dialect, Event
from mocks.faults.truth import Truth
from mocks.http_connection import connection_header, now_ns
from mocks.openai_wire import LAST_CHUNK, answer_words, http_chunk

_APART_S = 0.005
_REASONS = {200: b"OK", 302: b"Found"}


@dataclass(frozen=True, kw_only=True)
class Knobs:
    """The command line's numbers."""

    ttft_ms: float
    itl_ms: float
    tokens: int
    stall_s: float
    stall_at_s: float
    every_ms: float
    lump_bytes: int


class Wire:
    """One connection's writing side: nothing is written while the kernel holds earlier bytes back, so that
    a stamp taken at a write is the time of the kernel's taking it. asyncio sets TCP_NODELAY itself."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self.writable = asyncio.Event()
        self.writable.set()
        transport.set_write_buffer_limits(high=0)

    def reset(self) -> None:
        """Close with RST."""
        raw = self.transport.get_extra_info("socket")
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.transport.abort()


class Shared:
    """What all requests of one server share."""

    def __init__(self) -> None:
        self.questions: set[str] = set()
        self.running = asyncio.Event()
        self.running.set()
        self.blocker: asyncio.Task[None] | None = None


def data_frame(payload: bytes) -> bytes:
    """How an event is framed where nothing is wrong."""
    return b"data: " + payload + b"\n\n"


class Reply:
    """The answer to one request. A fault changes `words`, the times or `frame`, and sends."""

    def __init__(
        self,
        *,
        wire: Wire,
        dialect: Dialect,
        knobs: Knobs,
        shared: Shared,
        truth: Truth,
        keep_alive: bool,
    ) -> None:
        self.dialect = dialect
        self.knobs = knobs
        self.shared = shared
        self.number = truth.request
        self.words = answer_words(Random(self.number), knobs.tokens)
        self.ttft_s = knobs.ttft_ms / 1e3
        self.itl_s = knobs.itl_ms / 1e3
        self.frame: Callable[[bytes], bytes] = data_frame
        self.chunked = True
        self.keep_alive = keep_alive
        self._wire = wire
        self._truth = truth
        self._began_s = asyncio.get_running_loop().time()

    # Times

    async def due(self, place: int) -> None:
        """Wait until token ``place`` (from 0) is due. Due times are absolute: lateness never adds up."""
        due_s = self._began_s + self.ttft_s + place * self.itl_s
        await asyncio.sleep(due_s - asyncio.get_running_loop().time())

    async def stall(self) -> None:
        """Nothing for --stall-s (it may be for ever); all that is due is due that much later."""
        self._began_s += self.knobs.stall_s
        await self.hold()

    async def hold(self) -> None:
        """Wait --stall-s and leave the due times as they are."""
        if self.knobs.stall_s == float("inf"):
            await asyncio.get_running_loop().create_future()
        await asyncio.sleep(self.knobs.stall_s)

    async def apart(self) -> None:
        """Long enough for what was written and what comes next to arrive as two."""
        await asyncio.sleep(_APART_S)

    def restart_clock(self) -> None:
        """Token 0 is due one TTFT from now."""
        self._began_s = asyncio.get_running_loop().time()

    # Bytes

    async def head(self, *headers: bytes, status: int = 200) -> None:
        """Status line and headers, in a packet of their own."""
        self._truth.status = status
        framing = [b"transfer-encoding: chunked"] if self.chunked else []
        self.keep_alive = self.keep_alive and self.chunked
        lines = [
            b"HTTP/1.1 %d %b" % (status, _REASONS[status]),
            b"content-type: " + self.dialect.content_type,
            b"cache-control: no-cache",
            *framing,
            *headers,
        ]
        at_ns = await self.packet(b"\r\n".join(lines) + b"\r\n" + connection_header(self.keep_alive))
        self._truth.headers_at_ns = at_ns

    async def send(self, *events: Event) -> None:
        """These events in one write."""
        await self.write(b"".join(self.frame(event.payload) for event in events), *events)

    async def write(self, data: bytes, *events: Event) -> int:
        """Part of the body as one HTTP chunk; ``events`` are those that it completes. When it was."""
        return await self.packet(http_chunk(data) if self.chunked else data, *events)

    async def packet(self, data: bytes, *events: Event) -> int:
        """Bytes just as they are; ``events`` are those that they complete. When, in Unix nanoseconds."""
        await self.shared.running.wait()
        await self._wire.writable.wait()
        at_ns = now_ns()
        self._wire.transport.write(data)
        self._truth.sent(events, at_ns)
        return at_ns

    # Whole stretches of an answer

    async def tokens(self, start: int = 0, stop: int | None = None) -> None:
        """Words ``start`` to ``stop``, each an event of its own when it is due."""
        for place, word in list(enumerate(self.words))[start:stop]:
            await self.due(place)
            await self.send(self.dialect.token(word))

    async def opened(self) -> None:
        """What comes before the first token, when that is due: it leaves just before."""
        await self.due(0)
        await self.send(*self.dialect.opening())

    async def closing(self) -> None:
        """The terminal event and what goes with it."""
        await self.send(*self.dialect.closing(self.words))

    async def end(self) -> None:
        """The body's end; the terminal event, if any, was sent before."""
        if self.chunked:
            await self.packet(LAST_CHUNK)
        if not self.keep_alive:
            self._wire.transport.close()

    def reset(self) -> None:
        """Cut the connection with RST: the answer stays as far as it got."""
        self._truth.outcome = "truncated"
        self._wire.reset()
