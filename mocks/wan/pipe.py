"""One direction of one connection: bytes are read as they come, and handed on when they are due."""

from __future__ import annotations

import asyncio
import socket
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from mocks.wan.clock import receive
from mocks.wan.schedule import Flow

RECV_BYTES = 65536
WINDOW_BYTES = 4 << 20
"""On the way at a time, about what Linux's TCP lets one connection have; past it nothing is read."""


@dataclass(kw_only=True)
class Pipe:
    """From a socket to another, which may be there only later."""

    loop: asyncio.AbstractEventLoop
    source: socket.socket
    flow: Flow
    not_before_s: float
    """When what is first read may be sent: a real client would still be waiting for its connection."""
    cut: Callable[[], bool]
    """Is the link cut? Then what is due waits."""
    on_data: Callable[[int], None]
    """So many bytes were read."""
    on_end: Callable[[bool], None]
    """The stream's end was handed on; True: it broke, one way or the other."""
    owed_s: Callable[[], float] = lambda: 0.0
    """How late the other direction was with what this one answers: so much sooner the answer goes."""
    late_s: float = 0.0
    """How long after it was due the last piece was handed on, for the machine's sake."""
    target: socket.socket | None = None
    _queue: deque[tuple[float, memoryview]] = field(default_factory=deque)
    """When each piece is due; an empty one is the stream's end."""
    _bytes: int = 0
    _came_s: float = 0.0
    _timer: asyncio.TimerHandle | None = None
    _reading: bool = False
    _writing: bool = False
    _broken: bool = False
    _over: bool = False

    def start(self) -> None:
        self._reading = True
        self.loop.add_reader(self.source, self._read)

    def _pause(self) -> None:
        if self._reading:
            self._reading = False
            self.loop.remove_reader(self.source)

    def _read(self) -> None:
        try:
            data, at_s = receive(self.source, RECV_BYTES, self._came_s)
        except (BlockingIOError, InterruptedError):
            return
        except OSError:
            data, at_s, self._broken = b"", time.monotonic(), True
        self._came_s = at_s
        from_s = max(at_s - self.owed_s(), self.not_before_s)
        rest = memoryview(data)
        for size, due_s in self.flow.pieces(from_s, len(data)):
            self._queue.append((due_s, rest[:size]))
            rest = rest[size:]
        self._bytes += len(data)
        if data:
            self.on_data(len(data))
        else:
            self._queue.append((self.flow.end_s(from_s), rest))
        if not data or self._bytes >= WINDOW_BYTES:
            self._pause()
        self.wake()

    def wake(self) -> None:
        """Hand on what is due, and come again when the next is."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        while not (self._over or self.cut() or self._writing or self.target is None) and self._queue:
            due_s, piece = self._queue[0]
            late_s = time.monotonic() - due_s
            if late_s < 0:
                self._timer = self.loop.call_at(due_s, self.wake)
                return
            self.late_s = late_s
            if not piece:
                self._end()
            elif not self._send(self.target, piece):
                return

    def delayed_until(self, at_s: float) -> None:
        """The link was cut until now: what waited goes on its way at that time."""
        self._queue = deque((max(due_s, at_s), piece) for due_s, piece in self._queue)
        self.flow.last_s = max(self.flow.last_s, at_s)
        self.wake()

    def _send(self, target: socket.socket, piece: memoryview) -> bool:
        """False: it takes no more now, or nothing ever again."""
        try:
            sent = target.send(piece)
        except (BlockingIOError, InterruptedError):
            sent = 0
        except OSError:
            self._broken = True
            self._end()
            return False
        self._bytes -= sent
        if sent == len(piece):
            self._queue.popleft()
        else:
            self._queue[0] = (self._queue[0][0], piece[sent:])
            self._writing = True
            self.loop.add_writer(target, self._writable)
        if not (self._reading or self._bytes >= WINDOW_BYTES or self._ended()):
            self.not_before_s = max(self.not_before_s, time.monotonic())  # its sender's window was shut
            self.start()
        return not self._writing

    def _ended(self) -> bool:
        return bool(self._queue) and not self._queue[-1][1]

    def _writable(self) -> None:
        if self.target is not None:
            self.loop.remove_writer(self.target)
        self._writing = False
        self.wake()

    def _end(self) -> None:
        self._over = True
        self._queue.clear()
        if self.target is not None and not self._broken:
            try:
                self.target.shutdown(socket.SHUT_WR)
            except OSError:
                self._broken = True
        self.on_end(self._broken)

    def stop(self) -> None:
        """Before its sockets are closed."""
        self._over = True
        self._pause()
        if self._timer is not None:
            self._timer.cancel()
        if self._writing and self.target is not None:
            self.loop.remove_writer(self.target)
        self._queue.clear()
