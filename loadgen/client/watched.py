"""A connection whose receiving is done by the event loop's own callback, without a greenlet switch.

A user that waits in ``recv`` stamps a chunk only when its greenlet gets its turn, behind all others that
are ready. Here one persistent watcher per connection calls back when the kernel has something, the chunk
gets the kernel's own stamp of its arrival, and the user is woken once, when its answer is over. `secured`
puts TLS between the two.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Callable
from typing import Any

import gevent
from gevent.hub import Waiter
from gevent.monkey import get_original

from loadgen.client.connection import RECV_BYTES, Connection, Reading, Timeouts
from loadgen.client.doubt import LATE_NS
from loadgen.client.http import ConnectionLost, DeadlinePassed, Origin
from loadgen.client.stamps import STAMP_BYTES, arrived_ns, stamped
from loadgen.client.turns import Turns
from reach.failure import ENCRYPTED, why

_READ, _WRITE = 1, 2  # libev's EV_READ, EV_WRITE
LOOK_S = 0.001
"""Past its deadline a request waits in such steps until the loop has looked at its socket once more."""
_TLS_RECORDS = (b"\x15\x03", b"\x16\x03")
"""How what a TLS server says of a request in plain HTTP begins."""
Deciphered = tuple[bytes, bool, ConnectionLost | None]
"""What was in the bytes; whether they end in the middle of a record; what ends the connection."""
ENDED = ConnectionLost("connection closed")
"""Nothing more will come, and nothing is wrong with that."""
_Socket: type[socket.socket] = get_original("socket", "socket")


class WatchedConnection(Connection):
    """Of plain TCP. Must be used from greenlets of one hub."""

    def __init__(self, origin: Origin, timeouts: Timeouts, turns: Turns | None = None) -> None:
        super().__init__(origin, timeouts, turns)
        self._loop = gevent.get_hub().loop
        self._socket: socket.socket | None = None
        self._watcher: Any = None
        self._reading: Reading | None = None
        self._waiter: Any = None
        self._fault: BaseException | None = None
        self._came_ns = 0
        """When the last bytes came; before any of an answer, when its request was sent."""
        self._unsent: bytes | memoryview = b""
        """What the kernel has not taken yet."""
        self._decipher: Callable[[bytes], Deciphered | None] | None = None
        """What is received has to go through this first. None: of itself it says nothing to who reads."""

    def _alive(self) -> bool:
        return self._socket is not None

    def _take(self, plain: socket.socket, until_s: float) -> None:
        family = plain.family
        self._socket = _Socket(family, socket.SOCK_STREAM, 0, fileno=plain.detach())
        self._socket.setblocking(False)
        stamped(self._socket)
        self._unsent = b""
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
        """The loop's callback: receive, stamp, decipher, then look at it."""
        sock = self._socket
        if sock is None:
            return
        try:
            data, beside, _, _ = sock.recvmsg(RECV_BYTES, STAMP_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(ConnectionLost(why(error)))
            return
        partly, fault = False, None
        if self._decipher is not None:
            found = self._decipher(data)
            if found is None:
                return
            data, partly, fault = found
        reading = self._reading
        if reading is None:
            self._drop()  # closed by the server while idle, or bytes that nobody asked for
            return
        self._came_ns = at_ns = arrived_ns(beside, self._came_ns)
        looked_ns = self.turns.looked()
        if at_ns - looked_ns > LATE_NS:
            # The last byte that came may be of a record that is not whole yet, and its date with it.
            reading.doubt(at_ns, looked_ns, data if beside and not partly else b"")
        before_gaps = self.timeouts.gap and reading.last_token_ns is None
        over = reading.over
        try:
            whole = (bool(data) or fault is None) and self._deliver(data, at_ns, reading)
            if fault is ENDED and not whole:
                whole = self._deliver(b"", at_ns, reading)
        except BaseException as error:
            # Raised here it would only be printed by the loop; it is the asking user's.
            told_by_tls = self._decipher is None and data[:2] in _TLS_RECORDS
            self._end(ConnectionLost(ENCRYPTED) if told_by_tls else error)
            return
        if whole:
            self._end(None)
        elif fault is not None:
            self._end(fault)
        elif reading.over != over or (before_gaps and reading.last_token_ns is not None):
            self._nudge()  # another deadline holds from here, perhaps an earlier one

    def _end(self, fault: BaseException | None) -> None:
        self._reading, self._fault = None, fault
        if fault is not None:
            self._drop()
        self._nudge()

    def _nudge(self) -> None:
        """Let the asking user look: its answer is over, its deadline has changed, or it can send on."""
        waiter, self._waiter = self._waiter, None
        if waiter is not None:
            waiter.switch(None)

    def _transfer(self, message: bytes, reading: Reading) -> None:
        if self._socket is None:
            raise ConnectionLost("connection closed")
        self._reading, self._fault = reading, None
        self._came_ns = reading.sent_ns
        try:
            try:
                self._put(message, reading)
                self._push()
                reading.left(time.monotonic_ns())
                while self._unsent and self._reading is not None:
                    self._wait_to_send(reading)
                    self._push()
            except ConnectionError:
                self._unsent = b""  # what the server said before it closed is still to be read
            except OSError as error:
                raise ConnectionLost(why(error)) from error
            self._wait(reading)
        finally:
            self._reading = self._waiter = None

    def _put(self, message: bytes, reading: Reading) -> None:
        """Let a request be what is to be sent."""
        self._unsent = message

    def _push(self) -> None:
        """Send as much as the kernel takes. Raises OSError."""
        if self._socket is None or not self._unsent:
            return
        try:
            sent = self._socket.send(self._unsent)
        except BlockingIOError:
            return
        self._unsent = memoryview(self._unsent)[sent:] if sent < len(self._unsent) else b""

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
            self._sleep(left)
        fault, self._fault = self._fault, None
        if fault is not None:
            raise fault

    def _wait_to_send(self, reading: Reading) -> None:
        """Until the kernel takes more, or the answer is over. Raises DeadlinePassed."""
        if self._socket is None:
            return
        watcher = self._loop.io(self._socket.fileno(), _WRITE)
        watcher.start(self._nudge)
        try:
            self._wait_a_turn(reading)
        finally:
            watcher.stop()
            watcher.close()

    def _wait_a_turn(self, reading: Reading) -> None:
        """Until somebody nudges. Raises DeadlinePassed."""
        limit_ns, said = self._deadline(reading)
        left = (limit_ns - time.monotonic_ns()) / 1e9
        if left <= 0:
            raise DeadlinePassed(said)
        self._sleep(left)

    def _sleep(self, seconds: float) -> None:
        """Until somebody nudges, or so long."""
        self._waiter = waiter = Waiter()
        timer = self._loop.timer(seconds)
        timer.start(self._nudge)
        try:
            waiter.get()
        finally:
            timer.close()
