"""Requests of one kind over one connection: sent, read, and what came of each put into its exchange."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping

from loadgen.client.connection import Connection
from loadgen.client.http import ConnectFailure, HttpFailure
from loadgen.client.reading import Exchange, ReplyReading

TRACE = "traceparent"
HEADERS = {"Content-Type": "application/json", "User-Agent": "chokepoint"}


class Sender:
    """To one path, with the same headers each time, but for the trace that each is one of.

    By the header `traceparent` (https://www.w3.org/TR/trace-context/) a service that keeps traces has its own
    under the id that the record has. It says that the trace is kept. Who gives the header has theirs sent.
    """

    def __init__(
        self, connection: Connection, path: str, headers: Mapping[str, str], *, method: str = "POST"
    ) -> None:
        self.connection = connection
        self._path = path
        self._traced = TRACE not in {name.lower() for name in headers}
        self._head = connection.origin.head(method, path, {**HEADERS, **headers})

    def send(self, body: bytes, exchange: Exchange, reading: ReplyReading) -> None:
        """One of them, to its end. ``exchange`` is filled as the answer comes, so that what a killed user had
        is not lost."""
        head = b"%b%d" % (self._head, len(body))
        if self._traced:
            trace = os.urandom(24).hex()
            exchange.trace_id = trace[:32]
            head += f"\r\n{TRACE}: 00-{trace[:32]}-{trace[32:]}-01".encode()
        try:
            exchange.retried = self.connection.carry(b"%b\r\n\r\n%b" % (head, body), reading)
        except ConnectFailure as failure:
            exchange.ended_ns = time.monotonic_ns()
            exchange.outcome, exchange.error = "connect_error", str(failure)
        except HttpFailure as failure:
            reading.finish(failure)
        else:
            reading.finish(None)
        if exchange.error is not None and exchange.outcome == "http_error":
            exchange.error = self.connection.origin.placed(exchange.error, self._path)
        exchange.bytes = self.connection.received
        exchange.body_ended_ns = time.monotonic_ns()
