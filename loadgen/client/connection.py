"""Connections that carry one request at a time and stamp what comes before anything looks at it.

`Connection` holds what does not depend on how bytes are received; `watched` receives them, `secured` with TLS
on top. One connection a user, kept alive, so that no TCP or TLS handshake enters a figure (TRAPS 14);
connecting is timed apart.
"""

from __future__ import annotations

import socket
import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from loadgen.client.http import ConnectFailure, ConnectionLost, Origin, Reply
from loadgen.client.turns import Turns
from reach.failure import why
from reach.tcp import open_socket

RECV_BYTES = 65536
RESEND_S = 0.05
"""A connection that died idle is found dead at once; one that ends later was ended by the server."""
AFTER_END_S = 1.0
"""How long is waited after the terminal event for the stream to close, to keep its connection."""


@dataclass(frozen=True, kw_only=True)
class Timeouts:
    """Seconds. 0: none of its own, so that ``total`` is the limit."""

    total: float
    connect: float = 0.0
    first_token: float = 0.0
    gap: float = 0.0


class Reading(Protocol):
    """What becomes of an answer's bytes. All times are monotonic nanoseconds."""

    over: bool
    """The answer has said all that is wanted of it; what follows only decides about the connection."""
    refused: bool
    """It is over, but for what is left of a refusal's text."""

    @property
    def sent_ns(self) -> int: ...

    @property
    def ended_ns(self) -> int | None: ...

    @property
    def last_token_ns(self) -> int | None: ...

    def sent(self, at_ns: int) -> None:
        """The request is about to be sent, for the first time."""

    def left(self, at_ns: int) -> None:
        """The kernel has it, or its beginning."""

    def doubt(self, at_ns: int, since_ns: int, stamped: bytes) -> None:
        """What is about to be delivered with this date may have come at any time since ``since_ns``.
        ``stamped``: all that was read, of which the date is that of the last byte, by the kernel; else empty.
        """

    def headers(self, reply: Reply, at_ns: int) -> None:
        """The headers have come."""

    @property
    def body(self) -> Callable[[bytes, int], None]:
        """Takes some of the body, and when it came."""


class Connection(ABC):
    """At most one live connection to an origin, made anew when it is gone."""

    def __init__(self, origin: Origin, timeouts: Timeouts, turns: Turns | None = None) -> None:
        self.origin = origin
        self.turns = turns or Turns()
        self.connects = 0
        self.connect_ns = 0
        """Nanoseconds spent connecting, over all ``connects``."""
        self.timeouts = timeouts
        self._reply = Reply()
        self._used = False
        """The live connection has carried a whole answer before."""

    # What a way of receiving has to have.
    @abstractmethod
    def _alive(self) -> bool:
        """Is there a connection, as far as is known before it is used?"""

    @abstractmethod
    def _take(self, plain: socket.socket, until_s: float) -> None:
        """A connected socket, to be used from now on (or closed, if this raises); TLS and all by then."""

    @abstractmethod
    def _drop(self) -> None:
        """Close the live connection, if any."""

    @abstractmethod
    def _transfer(self, message: bytes, reading: Reading) -> None:
        """Send, stamp and deliver until the answer is whole. Raises HttpFailure."""

    def connect(self) -> None:
        """Make sure of a live connection. Raises ConnectFailure."""
        if self._alive():
            return
        self.close()
        began = time.monotonic_ns()
        until_s = began / 1e9 + (self.timeouts.connect or self.timeouts.total)
        try:
            plain = open_socket(self.origin, until_s)
            try:
                self._take(plain, until_s)
            except BaseException:
                plain.close()
                raise
        except TimeoutError as error:
            raise ConnectFailure("connect timed out") from error
        except OSError as error:
            raise ConnectFailure(why(error)) from error
        self._reply = Reply()
        self.connects += 1
        self.connect_ns += time.monotonic_ns() - began

    def carry(self, message: bytes, reading: Reading) -> bool:
        """Send a request and deliver its answer into ``reading``. True: it had to be sent twice.

        Raises:
            HttpFailure: one of its kinds. A kept-alive connection that turns out dead at once, without a
                single byte of an answer, is replaced, and the request sent again on the fresh one.
        """
        self.connect()
        again = False
        while True:
            may_repeat = self._used and not again
            self._reply.expect()
            try:
                if not again:  # its user waits since the first time
                    reading.sent(time.monotonic_ns())
                self._transfer(message, reading)
            except ConnectionLost:
                waited_s = (time.monotonic_ns() - reading.sent_ns) / 1e9
                repeat = may_repeat and not self._reply.bytes and waited_s < RESEND_S
                self.close()
                if not repeat:
                    raise
            except BaseException:
                self.close()
                raise
            else:
                self._used = self._reply.complete and self._reply.keeps
                if not self._used:
                    self.close()
                return again
            again = True
            self.connect()

    @property
    def received(self) -> int:
        """Bytes received for the last request, headers included."""
        return self._reply.bytes

    def close(self) -> None:
        self._used = False
        self._drop()

    def _deliver(self, data: bytes, at_ns: int, reading: Reading) -> bool:
        """Hand a receive on (empty: the connection's end). True: the answer is whole."""
        reply = self._reply
        in_body = reply.in_body
        if not data:
            reply.end_of_connection()
            return True
        body = reply.feed(data)
        if not in_body and reply.in_body:
            reading.headers(reply, at_ns)
        if body and (reading.refused or not reading.over):
            reading.body(body, at_ns)
        return reply.complete

    def _deadline(self, reading: Reading) -> tuple[int, str]:
        """When waiting ends (monotonic ns) if nothing comes, and what to call it (empty: not a failure)."""
        wanted = self.timeouts
        if reading.over:
            ended = reading.ended_ns or reading.sent_ns
            most = reading.sent_ns + int(wanted.total * 1e9)
            return min(ended + int(AFTER_END_S * 1e9), max(ended, most)), ""
        what = "the answer was not whole" if self._reply.in_body else "no answer"
        limit, said = reading.sent_ns + int(wanted.total * 1e9), f"{what} within the timeout"
        if reading.last_token_ns is None:
            if wanted.first_token and (first := reading.sent_ns + int(wanted.first_token * 1e9)) < limit:
                limit, said = first, "no first token within its timeout"
        elif wanted.gap and (gap := reading.last_token_ns + int(wanted.gap * 1e9)) < limit:
            limit, said = gap, "the next token did not come within the gap's timeout"
        return limit, said
