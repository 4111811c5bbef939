"""Requests of one kind over one connection: sent, read, and what came of each put into its exchange."""

from __future__ import annotations

import time
from collections.abc import Mapping

from loadgen.client.connection import Connection
from loadgen.client.http import ConnectFailure, HttpFailure
from loadgen.client.reading import Exchange, ReplyReading

HEADERS = {"Content-Type": "application/json", "User-Agent": "chokepoint"}


class Sender:
    """To one path, with the same headers each time."""

    def __init__(
        self, connection: Connection, path: str, headers: Mapping[str, str], *, method: str = "POST"
    ) -> None:
        self.connection = connection
        self._path = path
        self._head = connection.origin.head(method, path, {**HEADERS, **headers})

    def send(self, body: bytes, exchange: Exchange, reading: ReplyReading) -> None:
        """One of them, to its end. ``exchange`` is filled as the answer comes, so that what a killed user had
        is not lost."""
        try:
            exchange.retried = self.connection.carry(
                b"%b%d\r\n\r\n%b" % (self._head, len(body), body), reading
            )
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
