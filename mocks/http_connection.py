"""HTTP/1.1 as the mock servers speak it: one object a connection, no framework, for it shares the CPU."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import httptools

MAX_BODY_BYTES = 32 * 1024 * 1024
CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"
REASONS: Mapping[int, bytes] = {
    200: b"OK",
    400: b"Bad Request",
    404: b"Not Found",
    405: b"Method Not Allowed",
    413: b"Content Too Large",
}


def _offset_ns() -> int:
    """Unix less monotonic nanoseconds, of several readings the one that was least interrupted."""
    readings = []
    for _ in range(9):
        before = time.monotonic_ns()
        unix = time.time_ns()
        after = time.monotonic_ns()
        readings.append((after - before, unix - (before + after) // 2))
    return min(readings)[1]


# Monotonic time anchored to Unix time once: a stepped system clock cannot bend a duration.
_ANCHOR_NS = _offset_ns()


def now_ns() -> int:
    """Unix time in nanoseconds that never goes back."""
    return _ANCHOR_NS + time.monotonic_ns()


@dataclass(frozen=True, kw_only=True)
class Request:
    """What came on a connection."""

    method: bytes
    path: bytes
    """Without its query."""
    body: bytes
    keep_alive: bool
    received_at_ns: int


class HttpConnection(asyncio.Protocol, ABC):
    """Keep-alive. Whole requests are ``requested``, in their order."""

    def __init__(self, open_connections: set[Any]) -> None:
        self._open = open_connections
        self._transport: asyncio.Transport | None = None
        self._target = b""
        self._body = bytearray()
        self.refused = False

    @abstractmethod
    def requested(self, request: Request) -> None:
        """A whole request has come."""

    def refuse(self, status: int, text: str) -> None:
        """What comes is no request that can be answered. By default the connection closes."""
        self.refused = True
        self.close()

    def begins(self) -> bool:
        """A request begins; False: it is not to be heard."""
        return True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)
        self._heard = True
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._transport = None

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self.refuse(400, "protocol upgrades are not spoken here")
        except httptools.HttpParserError as error:
            self.refuse(400, f"not HTTP: {error}")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    def send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)

    # httptools' callbacks

    def on_message_begin(self) -> None:
        self._heard = self.begins()
        if self._heard:
            self._body.clear()
            self._target = b""

    def on_url(self, url: bytes) -> None:
        if self._heard:
            self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"expect" and value.lower() == b"100-continue":
            self.send(CONTINUE)

    def on_body(self, body: bytes) -> None:
        if not self._heard or self.refused:
            return
        if len(self._body) + len(body) > MAX_BODY_BYTES:
            self.refuse(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
            return
        self._body += body

    def on_message_complete(self) -> None:
        if self._heard and not self.refused:
            self.requested(
                Request(
                    method=self._parser.get_method(),
                    path=self._target.partition(b"?")[0],
                    body=bytes(self._body),
                    keep_alive=bool(self._parser.should_keep_alive()),
                    received_at_ns=now_ns(),
                )
            )


def json_answer(status: int, body: bytes, *, keep_alive: bool) -> bytes:
    """A whole answer of one piece."""
    return b"HTTP/1.1 %d %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n%b%b" % (
        status,
        REASONS[status],
        len(body),
        connection_header(keep_alive),
        body,
    )


def connection_header(keep_alive: bool) -> bytes:
    """The last header and the empty line after it."""
    return b"\r\n" if keep_alive else b"connection: close\r\n\r\n"
