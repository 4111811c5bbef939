"""The fast connection: the event loop's own callback receives, stamps and reads, without a greenlet switch.

A user that waits in ``recv`` stamps a chunk only when its greenlet gets its turn, behind all others that
are ready. Here one persistent watcher per connection calls back when the kernel has something, the chunk
gets the kernel's own stamp of its arrival, and the user is woken once, when its answer is over. Plain TCP
only.
"""

from __future__ import annotations

import socket
import time
from typing import Any

import gevent
import gevent.socket
from gevent.hub import Waiter
from gevent.monkey import get_original

from loadgen.client.connection import RECV_BYTES, BlockingConnection, Connection, Reading, Timeouts, reason
from loadgen.client.doubt import LATE_NS
from loadgen.client.http import ConnectionLost, DeadlinePassed, Origin
from loadgen.client.stamps import STAMP_BYTES, arrived_ns, stamped
from loadgen.client.turns import Turns

_READ = 1  # libev's EV_READ
LOOK_S = 0.001
"""Past its deadline a request waits in such steps until the loop has looked at its socket once more."""
_Socket: type[socket.socket] = get_original("socket", "socket")


def connection(origin: Origin, timeouts: Timeouts, turns: Turns) -> Connection:
    """The fastest way there is to ask this origin."""
    kind = BlockingConnection if origin.tls else WatchedConnection
    return kind(origin, timeouts, turns)


class WatchedConnection(Connection):
    """Must be used from greenlets of one hub."""

    def __init__(self, origin: Origin, timeouts: Timeouts, turns: Turns | None = None) -> None:
        if origin.tls:
            raise ValueError("TLS goes through a BlockingConnection")
        super().__init__(origin, timeouts, turns)
        self._loop = gevent.get_hub().loop
        self._socket: socket.socket | None = None
        self._watcher: Any = None
        self._reading: Reading | None = None
        self._waiter: Any = None
        self._fault: BaseException | None = None
        self._came_ns = 0
        """When the last bytes came; before any of an answer, when its request was sent."""

    def _alive(self) -> bool:
        return self._socket is not None

    def _take(self, plain: socket.socket) -> None:
        family = plain.family
        self._socket = _Socket(family, socket.SOCK_STREAM, 0, fileno=plain.detach())
        self._socket.setblocking(False)
        stamped(self._socket)
        self._watcher = self._loop.io(self._socket.fileno(), _READ)
        self._watcher.start(self._readable)

    def _drop(self) -> None:
        if self._watcher is not None:
            self._watcher.stop()
            self._watcher.close()
            self._watcher = None
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _readable(self) -> None:
        """The loop's callback: receive, stamp, then look at it."""
        sock = self._socket
        if sock is None:
            return
        try:
            data, beside, _, _ = sock.recvmsg(RECV_BYTES, STAMP_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(ConnectionLost(reason(error)))
            return
        reading = self._reading
        if reading is None:
            self._drop()  # closed by the server while idle, or bytes that nobody asked for
            return
        self._came_ns = at_ns = arrived_ns(beside, self._came_ns)
        looked_ns = self.turns.looked_ns
        if at_ns - looked_ns > LATE_NS:
            reading.doubt(at_ns, looked_ns, stamped=bool(beside))
        before_gaps = self.timeouts.gap and reading.last_token_ns is None
        over = reading.over
        try:
            whole = self._deliver(data, at_ns, reading)
        except BaseException as error:
            # Raised here it would only be printed by the loop; it is the asking user's.
            self._end(error)
            return
        if whole:
            self._end(None)
        elif reading.over != over or (before_gaps and reading.last_token_ns is not None):
            self._nudge()  # another deadline holds from here, perhaps an earlier one

    def _end(self, fault: BaseException | None) -> None:
        self._reading, self._fault = None, fault
        if fault is not None:
            self._drop()
        self._nudge()

    def _nudge(self) -> None:
        """Let the asking user look: its answer is over, or its deadline has changed."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.switch(None)

    def _transfer(self, message: bytes, reading: Reading) -> None:
        sock = self._socket
        if sock is None:
            raise ConnectionLost("connection closed")
        self._reading, self._fault = reading, None
        self._came_ns = reading.sent_ns
        try:
            try:
                sent = sock.send(message)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                raise ConnectionLost(reason(error)) from error
            reading.left(time.monotonic_ns())
            if sent < len(message):
                self._send_rest(sock, memoryview(message)[sent:], reading)
            self._wait(reading)
        finally:
            self._reading = self._waiter = None

    def _wait(self, reading: Reading) -> None:
        while self._reading is not None:  # an answer may have come while the rest of a request was sent
            limit_ns, said = self._deadline(reading)
            left = (limit_ns - time.monotonic_ns()) / 1e9
            if left <= 0 and not said:
                return
            if left <= 0:
                if self.turns.looked_ns >= limit_ns:
                    raise DeadlinePassed(said)
                left = LOOK_S  # the process stood still: what came in time may wait to be read
            self._waiter = waiter = Waiter()
            timer = self._loop.timer(left)
            timer.start(self._nudge)
            try:
                waiter.get()
            finally:
                timer.close()
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def _send_rest(self, sock: socket.socket, rest: memoryview, reading: Reading) -> None:
        while rest and self._reading is not None:
            limit_ns, said = self._deadline(reading)
            left = (limit_ns - time.monotonic_ns()) / 1e9
            try:
                gevent.socket.wait_write(sock.fileno(), max(left, 0.0), TimeoutError())
                rest = rest[sock.send(rest) :]
            except TimeoutError as error:
                raise DeadlinePassed(said) from error
            except BlockingIOError:
                continue
            except OSError as error:
                raise ConnectionLost(reason(error)) from error
