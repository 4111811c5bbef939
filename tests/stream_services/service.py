"""An answer as somebody's service was seen to send it, and what must be made of it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PAUSE_S = 0.02
CHUNKED = "Transfer-Encoding: chunked\r\n"


@dataclass(frozen=True, kw_only=True)
class Service:
    """A script, and what is right. ``first``, ``generated``: the piece that holds the first token of the
    answer, and of any kind."""

    script: Callable[[Any], None]
    dialect: str = "openai"
    outcome: str = "ok"
    error: str | None = None
    tokens: int = 0
    source: str = "events"
    first: int | None = None
    generated: int | None = None
    row: bool = False
    """A load asks for it, too."""

    @property
    def name(self) -> str:
        return self.script.__name__.replace("_", "-")


SERVICES: list[Service] = []


def service(**right: Any) -> Callable[[Callable[[Any], None]], Callable[[Any], None]]:
    def register(script: Callable[[Any], None]) -> Callable[[Any], None]:
        SERVICES.append(Service(script=script, **right))
        return script

    return register


def headers(talk: Any, extra: str = CHUNKED, kind: str = "text/event-stream", status: str = "200 OK") -> None:
    talk.raw(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{extra}\r\n".encode())


def send(talk: Any, *pieces: bytes | dict[str, Any]) -> None:
    """Each in a chunk of its own, a little after the one before."""
    for piece in pieces:
        time.sleep(PAUSE_S)
        talk.chunk(piece if isinstance(piece, bytes) else b"data: %b\n\n" % json.dumps(piece).encode())


def delta(finish: Any = None, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": fields, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}


def usage(prompt: int, completion: int, total: int | None = None, **more: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    counts |= {"total_tokens": prompt + completion if total is None else total}
    return {"choices": [], "usage": counts | more}


DONE = b"data: [DONE]\n\n"
HELLO = (delta(content="Hello"), delta(content=" there"))
STOP = delta("stop")


def whole(talk: Any, *pieces: bytes | dict[str, Any], extra: str = CHUNKED) -> None:
    headers(talk, extra)
    send(talk, *pieces)
    talk.done()


def linger(talk: Any) -> None:
    """Say no more, until the client is gone."""
    talk.sock.settimeout(30)
    talk.sock.recv(1)
    talk.close()
