"""The HTTP side of the mock LLM server: one object a connection, no framework, for it shares the CPU."""

from __future__ import annotations

import asyncio
from typing import cast

import httptools

from mocks import openai_wire as wire
from mocks.openai_streams import Answer, Service, now_ns
from mocks.serving import MAX_BODY_BYTES

_ALLOWED = {b"/v1/chat/completions": b"POST", b"/v1/models": b"GET", b"/health": b"GET"}


class Connection(asyncio.Protocol):
    """Keep-alive HTTP/1.1, one request at a time."""

    def __init__(self, service: Service, open_connections: set[Connection]) -> None:
        self._service = service
        self._open = open_connections
        self._transport: asyncio.Transport | None = None
        self._answer: Answer | None = None
        self._body = bytearray()
        self._target = b""
        self._pipelined = False
        self._refused = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)
        self._parser = httptools.HttpRequestParser(self)
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._open.discard(self)
        self._transport = None
        if self._answer is not None:
            answer, self._answer = self._answer, None
            answer.cancel()

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except httptools.HttpParserUpgrade:
            self._refuse(400, "protocol upgrades are not spoken here")
        except httptools.HttpParserError as error:
            self._refuse(400, f"not HTTP: {error}")

    def close(self) -> None:
        if self._transport is not None:
            self._transport.close()

    # httptools' callbacks

    def on_message_begin(self) -> None:
        # A second request before the first is answered: the first is served, then the connection closes,
        # as HTTP allows; a client that pipelines has to ask again.
        self._pipelined = self._pipelined or self._answer is not None
        if not self._pipelined:
            self._body.clear()
            self._target = b""

    def on_url(self, url: bytes) -> None:
        if not self._pipelined:
            self._target += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if name.lower() == b"expect" and value.lower() == b"100-continue":
            self._send(wire.CONTINUE)

    def on_body(self, body: bytes) -> None:
        if self._pipelined or self._refused:
            return
        if len(self._body) + len(body) > MAX_BODY_BYTES:
            self._refuse(413, f"the body is larger than {MAX_BODY_BYTES} bytes")
            return
        self._body += body

    def on_message_complete(self) -> None:
        if self._pipelined or self._refused:
            return
        keep_alive = bool(self._parser.should_keep_alive())
        path = self._target.partition(b"?")[0]
        method = self._parser.get_method()
        allowed = _ALLOWED.get(path)
        if allowed is None:
            text = f"unknown path: {method.decode('latin-1')} {path.decode('latin-1')}"
            self._answer_now(404, wire.error_body(text, code="unknown_url"), keep_alive)
        elif method != allowed:
            text = f"{path.decode()} is asked with {allowed.decode()}, not {method.decode('latin-1')}"
            self._answer_now(405, wire.error_body(text), keep_alive)
        elif path == b"/health":
            self._answer_now(200, b'{"status":"ok"}', keep_alive)
        elif path == b"/v1/models":
            self._answer_now(200, wire.models_body(now_ns() // 1_000_000_000), keep_alive)
        else:
            self._chat(keep_alive)

    def _chat(self, keep_alive: bool) -> None:
        received_ns = now_ns()
        try:
            request = wire.parse_chat(bytes(self._body))
        except wire.BadRequest as error:
            self._service.reject(received_ns)
            self._answer_now(400, wire.error_body(str(error)), keep_alive)
            return

        def done() -> None:
            self._answer = None
            if self._pipelined or not keep_alive:
                self.close()

        self._answer = Answer(
            self._service, request, received_ns, keep_alive=keep_alive, write=self._send, done=done
        )
        self._service.admit(self._answer)

    def _answer_now(self, status: int, body: bytes, keep_alive: bool) -> None:
        self._send(wire.http_answer(status, body, keep_alive=keep_alive))
        if not keep_alive:
            self.close()

    def _refuse(self, status: int, text: str) -> None:
        """Answer and close, unless an answer is under way: then only close."""
        self._refused = True
        if self._answer is None:
            self._send(wire.http_answer(status, wire.error_body(text), keep_alive=False))
        self.close()

    def _send(self, data: bytes) -> None:
        if self._transport is not None:
            self._transport.write(data)
