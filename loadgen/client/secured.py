"""TLS on a watched connection: ciphertext is received and stamped as plain bytes are, and read at once.

OpenSSL has no socket here: it is fed from memory (`ssl.MemoryBIO`) by the loop's callback, so that what
comes is dated by the kernel, not by when a user's greenlet gets its turn. A record can be read once its last
byte is there; that byte's arrival is its date.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

from loadgen.client.connection import RECV_BYTES, Connection, Reading, Timeouts
from loadgen.client.doubt import LATE_NS
from loadgen.client.http import ConnectionLost, Origin
from loadgen.client.stamps import STAMP_BYTES, arrived_ns
from loadgen.client.turns import Turns
from loadgen.client.watched import WatchedConnection
from reach.dial import left
from reach.failure import NO_HANDSHAKE, ReachFailure, why

_ENDED = ConnectionLost("connection closed")
"""Nothing more will come, and nothing is wrong with that."""


def connection(origin: Origin, timeouts: Timeouts, turns: Turns | None = None) -> Connection:
    """The connection through which an origin is asked."""
    kind = SecuredConnection if origin.tls else WatchedConnection
    return kind(origin, timeouts, turns)


class SecuredConnection(WatchedConnection):
    """Of an origin with TLS."""

    def __init__(self, origin: Origin, timeouts: Timeouts, turns: Turns | None = None) -> None:
        super().__init__(origin, timeouts, turns)
        if origin.context is None:
            raise ValueError("an origin without TLS")
        self._context = origin.context
        self._into = self._out_of = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._halfway = False
        """A request waits for what the other side has to say of the connection itself."""

    def _take(self, plain: socket.socket, until_s: float) -> None:
        self._into, self._out_of = ssl.MemoryBIO(), ssl.MemoryBIO()
        tls = self._context.wrap_bio(self._into, self._out_of, server_hostname=self.origin.server_name)
        try:
            self._shake_hands(tls, plain, until_s)
        except TimeoutError as error:
            raise ReachFailure(NO_HANDSHAKE) from error
        self._tls = tls
        super()._take(plain, until_s)

    def _shake_hands(self, tls: ssl.SSLObject, plain: socket.socket, until_s: float) -> None:
        """Here the user's own greenlet waits: nothing is timed yet but the whole. Raises OSError."""
        while True:
            try:
                tls.do_handshake()
            except ssl.SSLWantReadError:
                self._say(plain, until_s)
                plain.settimeout(left(until_s))
                data = plain.recv(RECV_BYTES)
                if data:
                    self._into.write(data)
                else:
                    self._into.write_eof()
            except ssl.SSLError:
                with suppress(OSError):  # why it is given up: that is for the other side's log
                    self._say(plain, until_s)
                raise
            else:
                self._say(plain, until_s)
                return

    def _say(self, plain: socket.socket, until_s: float) -> None:
        if self._out_of.pending:
            plain.settimeout(left(until_s))
            plain.sendall(self._out_of.read())

    def _drop(self) -> None:
        tls, self._tls = self._tls, None
        if tls is not None and self._socket is not None and not self._unsent:
            with suppress(ssl.SSLError):  # raised at once: nobody waits for the other side's goodbye
                tls.unwrap()
            with suppress(OSError):
                self._reply_in_tls()
        super()._drop()

    def _readable(self) -> None:
        """The loop's callback: receive, stamp, decipher, then look at it."""
        sock, tls = self._socket, self._tls
        if sock is None or tls is None:
            return
        try:
            data, beside, _, _ = sock.recvmsg(RECV_BYTES, STAMP_BYTES)
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            self._end(ConnectionLost(why(error)))
            return
        text, partly, fault = self._decipher(tls, data)
        if self._out_of.pending or self._halfway:
            self._go_on()
        reading = self._reading
        if reading is None:
            if text or fault is not None:
                self._drop()  # closed by the server while idle, or bytes that nobody asked for
            return  # new keys, or tickets to come back with: the connection goes on
        if not text and fault is None:
            return
        self._came_ns = at_ns = arrived_ns(beside, self._came_ns)
        looked_ns = self.turns.looked()
        if at_ns - looked_ns > LATE_NS:
            # The last byte that came may be of a record that is not whole yet, and its date with it.
            reading.doubt(at_ns, looked_ns, stamped=bool(beside) and not partly)
        before_gaps = self.timeouts.gap and reading.last_token_ns is None
        over = reading.over
        try:
            whole = bool(text) and self._deliver(text, at_ns, reading)
            if fault is _ENDED and not whole:
                whole = self._deliver(b"", at_ns, reading)
        except BaseException as error:
            # Raised here it would only be printed by the loop; it is the asking user's.
            self._end(error)
            return
        if whole:
            self._end(None)
        elif fault is not None:
            self._end(fault)
        elif reading.over != over or (before_gaps and reading.last_token_ns is not None):
            self._nudge()  # another deadline holds from here, perhaps an earlier one

    def _decipher(self, tls: ssl.SSLObject, data: bytes) -> tuple[bytes, bool, ConnectionLost | None]:
        """What is in the records that are whole now; whether one has begun; what ends the connection."""
        into = self._into
        if data:
            into.write(data)
        else:
            into.write_eof()
        text = b""
        try:
            text = more = tls.read(RECV_BYTES)
            while more and into.pending:  # the next record, or its beginning
                more = tls.read(RECV_BYTES)
                text += more
        except ssl.SSLWantReadError:
            return text, True, None
        except ssl.SSLEOFError:  # without a goodbye: as of a plain connection, the framing tells what it was
            return text, False, _ENDED
        except OSError as error:
            return text, False, ConnectionLost(why(error))
        return text, False, None if more else _ENDED

    def _go_on(self) -> None:
        """Answer what TLS itself was asked (new keys), and let a request that waits for that try again."""
        with suppress(OSError):  # the next read says what became of the connection
            self._reply_in_tls()
        if self._halfway:
            self._nudge()

    def _reply_in_tls(self) -> None:
        self._unsent = bytes(self._unsent) + self._out_of.read()
        self._push()

    def _put(self, message: bytes, reading: Reading) -> None:
        tls, rest = self._tls, memoryview(message)
        try:
            while rest and tls is not None and self._reading is not None:
                try:
                    rest = rest[tls.write(rest) :]
                except ssl.SSLWantReadError:  # the server is at a handshake of its own
                    self._halfway = True
                    self._reply_in_tls()
                    self._wait_a_turn(reading)
        finally:
            self._halfway = False
        self._unsent = bytes(self._unsent) + self._out_of.read()
