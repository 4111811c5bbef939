"""Connections over a link, and what can be done to it while it runs."""

from __future__ import annotations

import asyncio
import errno
import socket
import struct
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from mocks.wan.clock import stamped
from mocks.wan.pipe import Pipe
from mocks.wan.schedule import Flow, Line, Link

Places = Sequence[tuple[Any, ...]]
"""What ``getaddrinfo`` gives."""
_RESET = struct.pack("ii", 1, 0)
_NO_MORE = (errno.EMFILE, errno.ENFILE)
_AGAIN_S = 0.1


@dataclass(kw_only=True)
class Counts:
    """What went over a link."""

    connections: int = 0
    requests: int = 0
    """How often a client spoke first, or after it was answered: with HTTP/1.1, its requests."""
    bytes_there: int = 0
    bytes_back: int = 0


@dataclass(kw_only=True)
class Relay:
    """A link that takes connections, and makes one to where it leads for each of them."""

    link: Link
    to: Places
    cut_after_s: float | None = None
    """After the first connection; then it is cut for good."""
    counts: Counts = field(default_factory=Counts)
    partitioned: bool = False

    def __post_init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.there, self.back = (Line(bytes_per_s=self.link.bytes_per_s) for _ in range(2))
        self.crossings: set[Crossing] = set()
        self._healed = asyncio.Event()
        self._healed.set()

    def listen(self, listener: socket.socket) -> None:
        listener.setblocking(False)
        self.loop.add_reader(listener, self._accept, listener)

    def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, _ = listener.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                if error.errno not in _NO_MORE:
                    raise
                self.loop.remove_reader(listener)  # or it would spin until one is closed
                self.loop.call_later(_AGAIN_S, self.listen, listener)
                return
            self.counts.connections += 1
            if self.counts.connections == 1 and self.cut_after_s is not None:
                self.loop.call_later(self.cut_after_s, self.partition)
            crossing = Crossing(self, client, self.counts.connections)
            self.crossings.add(crossing)
            crossing.start()

    async def healed(self) -> None:
        await self._healed.wait()

    def state(self) -> dict[str, Any]:
        return {"partitioned": self.partitioned, "open": len(self.crossings), **asdict(self.counts)}

    # What is done to it on command.

    def partition(self) -> None:
        """From now on nothing arrives in either direction."""
        self.partitioned = True
        self._healed.clear()

    def heal(self) -> None:
        """What waited arrives after the delay of one way, as what is sent again then."""
        if not self.partitioned:
            return
        self.partitioned = False
        self._healed.set()
        at_s = time.monotonic() + self.link.delay_s
        for crossing in tuple(self.crossings):
            crossing.delayed_until(at_s)

    def reset(self) -> None:
        """Reset all open connections, at both ends."""
        for crossing in tuple(self.crossings):
            crossing.close(reset=True)


class Crossing:
    """One connection, from a client's to the one that is made for it."""

    def __init__(self, relay: Relay, client: socket.socket, number: int) -> None:
        self._relay, self._client = relay, client
        self._server: socket.socket | None = None
        self._accepted_s = time.monotonic()
        link = relay.link
        there_s, known_s = link.handshake_s(link.random(number, "handshake"))
        self._there_s, self._known_s = self._accepted_s + there_s, self._accepted_s + known_s
        self._client_spoke = False
        self._ends = 0
        prepare(client)
        self._up = self._pipe(client, relay.there, number, "there", self._sent)
        self._down: Pipe | None = None
        self._number = number
        self._connecting: asyncio.Task[None] | None = None

    def _pipe(self, source: socket.socket, line: Line, number: int, name: str, on_data: Any) -> Pipe:
        return Pipe(
            loop=self._relay.loop,
            source=source,
            flow=Flow(link=self._relay.link, line=line, random=self._relay.link.random(number, name)),
            not_before_s=self._known_s,
            cut=lambda: self._relay.partitioned,
            on_data=on_data,
            on_end=self._ended,
        )

    def start(self) -> None:
        self._up.start()
        self._connecting = self._relay.loop.create_task(self._connect())

    async def _connect(self) -> None:
        """The far end hears of it after one way; the kernel has said yes to the client at once (`link`)."""
        await asyncio.sleep(self._there_s - time.monotonic())
        await self._relay.healed()
        server = await self._connected()
        if server is None:
            await asyncio.sleep(self._known_s - time.monotonic())
            self.close(reset=True)
            return
        self._server = self._up.target = server
        self._down = self._pipe(server, self._relay.back, self._number, "back", self._answered)
        self._down.owed_s = self._owed_s
        self._down.target = self._client
        self._down.start()
        self._up.wake()

    async def _connected(self) -> socket.socket | None:
        for family, kind, protocol, _, place in self._relay.to:
            server = socket.socket(family, kind, protocol)
            prepare(server)
            try:
                await self._relay.loop.sock_connect(server, place)
            except OSError:
                server.close()
            except BaseException:
                server.close()
                raise
            else:
                return server
        return None

    def _sent(self, size: int) -> None:
        self._relay.counts.bytes_there += size
        self._relay.counts.requests += not self._client_spoke
        self._client_spoke = True

    def _answered(self, size: int) -> None:
        self._relay.counts.bytes_back += size
        self._client_spoke = False

    def _owed_s(self) -> float:
        """Never more than one way: what is late for the network's sake, behind a cut, stays late."""
        return min(max(self._up.late_s, 0.0), self._relay.link.delay_s)

    def _ended(self, broken: bool) -> None:
        self._ends += 1
        if broken or self._ends == 2:
            self.close(reset=broken)

    def delayed_until(self, at_s: float) -> None:
        for pipe in (self._up, self._down):
            if pipe is not None:
                pipe.delayed_until(at_s)

    def close(self, *, reset: bool = False) -> None:
        if self not in self._relay.crossings:
            return
        self._relay.crossings.discard(self)
        if self._connecting is not None:
            self._connecting.cancel()
        for pipe in (self._up, self._down):
            if pipe is not None:
                pipe.stop()
        for sock in (self._client, self._server):
            if sock is not None:
                if reset:
                    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
                sock.close()


def prepare(sock: socket.socket) -> None:
    sock.setblocking(False)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    stamped(sock)
