"""The two dialects as events: what is asked, and the payloads of an answer, unframed. No I/O."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import orjson

from mocks import openai_wire as wire

_DOCUMENTS = [
    {"id": f"mock.document{n}", "score": 0.9 - n / 10, "snippet": f"mock.document{n}: a passage"}
    for n in range(5)
]


@dataclass(frozen=True, kw_only=True)
class Event:
    """One event: its payload, the answer's tokens in it, whether the answer ends with it."""

    payload: bytes
    tokens: int = 0
    terminal: bool = False
    error: bool = False
    restart: bool = False
    counted: bool = True
    """False for OpenAI's ``[DONE]``, which is a mark and no event."""


class Dialect(Protocol):
    """One request's answer in one dialect."""

    name: str
    content_type: bytes
    question: str

    def opening(self) -> list[Event]:
        """What comes before the first token."""

    def token(self, content: str, tokens: int = 1) -> Event: ...
    def closing(self, words: Sequence[str]) -> list[Event]: ...
    def failure(self, message: str) -> list[Event]: ...


def _event(payload: dict[str, Any], **flags: bool) -> Event:
    return Event(payload=orjson.dumps(payload), **flags)


class Ask:
    """The RAG API's own, as `POST /ask/stream` speaks it."""

    name = "ask"
    content_type = b"text/plain; charset=utf-8"

    def __init__(self, body: bytes) -> None:
        """Raises wire.BadRequest."""
        try:
            asked = orjson.loads(body)
        except orjson.JSONDecodeError as error:
            raise wire.BadRequest(f"the body is not JSON: {error}") from None
        if not isinstance(asked, dict) or not isinstance(asked.get("query"), str):
            raise wire.BadRequest("'query' must be a text")
        self.question: str = asked["query"]
        self._documents = _DOCUMENTS if asked.get("use_rag") is not False else []

    def opening(self) -> list[Event]:
        return [
            _event({"type": "status", "message": "Searching the knowledge base"}),
            _event({"type": "documents", "data": self._documents, "count": len(self._documents)}),
        ]

    def token(self, content: str, tokens: int = 1) -> Event:
        return Event(payload=orjson.dumps({"type": "token", "content": content}), tokens=tokens)

    def restart(self) -> list[Event]:
        return [
            _event({"type": "clear_response", "message": "the first LLM failed"}, restart=True),
            _event({"type": "status", "message": "Asking another LLM"}),
        ]

    def closing(self, words: Sequence[str]) -> list[Event]:
        whole = {"type": "complete", "final_answer": "".join(words), "documents": self._documents}
        return [_event(whole, terminal=True), _event({"type": "end"})]

    def failure(self, message: str) -> list[Event]:
        return [_event({"type": "error", "message": message}, error=True), _event({"type": "end"})]


class OpenAI:
    """Chat completions with `stream: true`."""

    name = "openai"
    content_type = b"text/event-stream; charset=utf-8"

    def __init__(self, body: bytes, number: int) -> None:
        """Raises wire.BadRequest."""
        self._asked = wire.parse_chat(body)
        if not self._asked.stream:
            raise wire.BadRequest("'stream' must be true")
        self.question = str(orjson.loads(body)["messages"][-1].get("content"))
        self._frames = wire.Frames(
            answer_id=f"chatcmpl-fault-{number:08d}",
            created=0,
            model=self._asked.model,
            include_usage=self._asked.include_usage,
        )

    def opening(self) -> list[Event]:
        return [_unframed(self._frames.role())]

    def token(self, content: str, tokens: int = 1) -> Event:
        return _unframed(self._frames.token(content), tokens=tokens)

    def closing(self, words: Sequence[str]) -> list[Event]:
        events = [_unframed(self._frames.finish("stop"))]
        if self._asked.include_usage:
            events.append(_unframed(self._frames.usage(self._asked.prompt_tokens, len(words))))
        return [*events, _done()]

    def failure(self, message: str) -> list[Event]:
        return [_event({"error": {"message": message, "type": "server_error"}}, error=True), _done()]


def _unframed(frame: bytes, tokens: int = 0) -> Event:
    return Event(payload=frame.removeprefix(b"data: ").removesuffix(b"\n\n"), tokens=tokens)


def _done() -> Event:
    return Event(payload=b"[DONE]", terminal=True, counted=False)


PATHS = {"ask": b"/ask/stream", "openai": b"/v1/chat/completions"}


def dialect(name: str, body: bytes, number: int) -> Dialect:
    """The dialect of that name, asked by ``body``. Raises wire.BadRequest."""
    return Ask(body) if name == "ask" else OpenAI(body, number)
