"""An answer as somebody's service was seen to send it, and what must be made of it."""

import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

PAUSE_S = 0.02
CHUNKED = "Transfer-Encoding: chunked\r\n"
Script = Callable[[Any], None]
Piece = bytes | dict[str, Any]


@dataclass(frozen=True, kw_only=True)
class Service:
    """A script, and what is right. ``first``, ``generated``: the piece that holds the first token of the
    answer, and of any kind."""

    name: str
    script: Script
    dialect: str = "openai"
    outcome: str = "ok"
    error: str | None = None
    tokens: int = 2
    source: str = "events"
    first: int | None = None
    generated: int | None = None
    row: bool = False
    """A load asks for it, too."""


SERVICES: list[Service] = []


def headers(talk: Any, extra: str = CHUNKED, kind: str = "text/event-stream", status: str = "200 OK") -> None:
    talk.raw(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{extra}\r\n".encode())


def send(talk: Any, *pieces: Piece) -> None:
    """Each in a chunk of its own, a little after the one before."""
    for piece in pieces:
        time.sleep(PAUSE_S)
        talk.chunk(piece if isinstance(piece, bytes) else b"data: %b\n\n" % json.dumps(piece).encode())


def linger(talk: Any) -> None:
    """Say no more, until the client is gone."""
    talk.sock.settimeout(30)
    talk.sock.recv(1)
    talk.close()


def sending(pieces: tuple[Piece, ...], extra: str = CHUNKED) -> Script:
    """A whole answer."""

    def script(talk: Any) -> None:
        headers(talk, extra)
        send(talk, *pieces)
        talk.done()

    return script


def good(name: str, seen: str, *pieces: Piece, extra: str = CHUNKED, **right: Any) -> None:
    """An answer of these pieces, seen there; of two tokens, from its first piece on, but for what is said."""
    assert seen
    right = {"generated": 0, "first": 0} | right
    SERVICES.append(Service(name=name, script=sending(pieces, extra), **right))


def bad(name: str, seen: str, error: str, *pieces: Piece, outcome: str = "stream_error", **more: Any) -> None:
    """An answer of these pieces, seen there, that fails with this error."""
    assert seen
    SERVICES.append(Service(name=name, script=sending(pieces), error=error, outcome=outcome, **more))


def scripted(**right: Any) -> Callable[[Script], Script]:
    """What is sent otherwise; without an error as ``good`` has it."""

    def register(script: Script) -> Script:
        usual = {} if "error" in right else {"generated": 0, "first": 0}
        SERVICES.append(Service(name=script.__name__.replace("_", "-"), script=script, **(usual | right)))
        return script

    return register


def delta(finish: Any = None, **fields: Any) -> dict[str, Any]:
    choice = {"index": 0, "delta": fields, "finish_reason": finish}
    return {"id": "c", "object": "chat.completion.chunk", "choices": [choice]}


def texts(*pieces: str) -> list[dict[str, Any]]:
    return [delta(content=piece) for piece in pieces]


def usage(prompt: int, completion: int, total: int | None = None, **more: Any) -> dict[str, Any]:
    counts = {"prompt_tokens": prompt, "completion_tokens": completion}
    counts |= {"total_tokens": prompt + completion if total is None else total}
    return {"choices": [], "usage": counts | more}


DONE = b"data: [DONE]\n\n"
HELLO = texts("Hello", " there")
STOP = delta("stop")
