"""TLS on a watched connection: ciphertext is received and stamped as plain bytes are, and read at once.

OpenSSL has no socket here: it is fed from memory (`ssl.MemoryBIO`) by the loop's callback, so that what
comes is dated by the kernel, not by when a user's greenlet gets its turn. A record can be read once its last
byte is there; that byte's arrival is its date.
"""

from __future__ import annotations

import socket
import ssl
from contextlib import suppress

from loadgen.client.connection import RECV_BYTES, Reading, Timeouts
from loadgen.client.http import ConnectionLost, Origin
from loadgen.client.turns import Turns
from loadgen.client.watched import ENDED, Deciphered, WatchedConnection
from reach.failure import NO_HANDSHAKE, ReachFailure, why
from reach.tcp import left


class SecuredConnection(WatchedConnection):
    """Of an origin with TLS."""

    def __init__(self, origin: Origin, timeouts: Timeouts, turns: Turns | None = None) -> None:
        super().__init__(origin, timeouts, turns)
        if origin.context is None:
            raise ValueError("an origin without TLS")
        self._context = origin.context
        self._into = self._out_of = ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        self._decipher = self._records
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

    def _records(self, data: bytes) -> Deciphered | None:
        """What has come to be read; None where it is all of TLS's own, or a record that is not whole yet."""
        tls = self._tls
        if tls is None:
            return None
        text, partly, fault = self._read(tls, data)
        if self._out_of.pending or self._halfway:
            self._go_on()
        return (text, partly, fault) if text or fault is not None else None

    def _read(self, tls: ssl.SSLObject, data: bytes) -> Deciphered:
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
            return text, False, ENDED
        except OSError as error:
            return text, False, ConnectionLost(why(error))
        return text, False, None if more else ENDED

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
