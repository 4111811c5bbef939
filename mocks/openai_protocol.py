"""The HTTP side of the mock LLM server."""

from __future__ import annotations

from mocks import openai_wire as wire
from mocks.http_connection import HttpConnection, Request, json_answer, now_ns
from mocks.openai_streams import Answer, Service

_ALLOWED = {b"/v1/chat/completions": b"POST", b"/v1/models": b"GET", b"/health": b"GET"}


class Connection(HttpConnection):
    """One request at a time."""

    def __init__(self, service: Service, open_connections: set[Connection]) -> None:
        super().__init__(open_connections)
        self._service = service
        self._answer: Answer | None = None
        self._pipelined = False

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        if self._answer is not None:
            answer, self._answer = self._answer, None
            answer.cancel()

    def begins(self) -> bool:
        # A second request before the first is answered: the first is served, then the connection closes,
        # as HTTP allows; a client that pipelines has to ask again.
        self._pipelined = self._pipelined or self._answer is not None
        return not self._pipelined

    def requested(self, request: Request) -> None:
        path, method, keep_alive = request.path, request.method, request.keep_alive
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
            self._chat(request)

    def _chat(self, request: Request) -> None:
        received_ns, keep_alive = request.received_at_ns, request.keep_alive
        try:
            chat = wire.parse_chat(request.body)
        except wire.BadRequest as error:
            self._service.reject(received_ns)
            self._answer_now(400, wire.error_body(str(error)), keep_alive)
            return

        def done() -> None:
            self._answer = None
            if self._pipelined or not keep_alive:
                self.close()

        self._answer = Answer(
            self._service, chat, received_ns, keep_alive=keep_alive, write=self.send, done=done
        )
        self._service.admit(self._answer)

    def _answer_now(self, status: int, body: bytes, keep_alive: bool) -> None:
        self.send(json_answer(status, body, keep_alive=keep_alive))
        if not keep_alive:
            self.close()

    def refuse(self, status: int, text: str) -> None:
        """Answer and close, unless an answer is under way: then only close."""
        self.refused = True
        if self._answer is None:
            self.send(json_answer(status, wire.error_body(text), keep_alive=False))
        self.close()
