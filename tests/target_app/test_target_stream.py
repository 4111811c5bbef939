"""Writing an answer: what travels together, and that its end and the body's are one."""

import asyncio
import json
import socket
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter_ns
from typing import Any

import pytest

from support import QUESTION
from target_app.dialects import ChatRequest, ChatSink, WireSink
from target_app.pipeline import Answer
from target_app.stream import EventWriter, Message

LAST = b"data: last\n\n"


class Recorded:
    """A `send` that keeps what it is given; from `hold()` on it takes until `release()`."""

    def __init__(self) -> None:
        self.bodies: list[tuple[bytes, bool]] = []
        self._free = asyncio.Event()
        self._free.set()
        self.hold, self.release = self._free.clear, self._free.set

    async def __call__(self, message: Message) -> None:
        await self._free.wait()
        if message["type"] == "http.response.body":
            self.bodies.append((message["body"], message["more_body"]))


async def turns(count: int) -> None:
    """Wait for so many of the event loop's turns; for none without giving it control."""
    for _ in range(count):
        await asyncio.sleep(0)


async def written(before: int, between: int, *, slow: bool) -> list[tuple[bytes, bool]]:
    """A frame; so many turns; a second, and the last one; so many turns; the end."""
    send = Recorded()
    out = EventWriter(send, [])
    if slow:
        send.hold()
    out.put(b"data: first\n\n")
    await turns(before)
    out.put(b"data: second\n\n")
    out.put_last(LAST)
    await turns(between)
    if slow:
        asyncio.get_running_loop().call_later(0.01, send.release)
    await out.close()
    await turns(5)
    return send.bodies


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("before", range(5))
@pytest.mark.parametrize("between", range(5))
def test_the_last_frame_leaves_with_the_end_of_the_body_and_nothing_after(
    before: int, between: int, slow: bool
) -> None:
    """Wherever the event loop is with an earlier flush."""
    bodies = asyncio.run(written(before, between, slow=slow))
    assert b"".join(body for body, _ in bodies) == b"data: first\n\ndata: second\n\n" + LAST
    assert [more for _, more in bodies] == [True] * (len(bodies) - 1) + [False]
    # What nothing is waited for before the end leaves with it.
    assert bodies[-1][0].endswith(b"data: second\n\n" + LAST if not (between or slow or before > 3) else LAST)


def test_a_frame_that_is_waited_behind_does_not_wait_for_the_end() -> None:
    bodies = asyncio.run(written(3, 3, slow=False))
    assert [body for body, _ in bodies] == [b"data: first\n\n", b"data: second\n\n", LAST]


@pytest.mark.parametrize("failed", [False, True])
@pytest.mark.parametrize("dialect", ["ask", "chat"])
def test_every_dialects_terminal_frame_is_its_last(dialect: str, failed: bool) -> None:
    async def answered() -> list[tuple[bytes, bool]]:
        send = Recorded()
        out = EventWriter(send, [])
        chat = ChatRequest.model_validate({"model": "m", "messages": [{"role": "user", "content": "x"}]})
        sink = WireSink(out, partial=False) if dialect == "ask" else ChatSink(out, chat)
        sink.token("one")
        await turns(3)
        sink.error("it broke") if failed else sink.complete(Answer(config="baseline"))
        await turns(3)
        await out.close()
        return send.bodies

    bodies = asyncio.run(answered())
    terminal = b'data: {"type":"end"}\n\n' if dialect == "ask" else b"data: [DONE]\n\n"
    assert bodies[-1] == (terminal, False)
    assert b"".join(body for body, _ in bodies).count(terminal) == 1


def test_an_answer_says_for_how_long_it_was_written() -> None:
    """From when its first token left, which waits for the event loop; not from when it was there."""

    async def answered(between: int) -> float:
        send = Recorded()
        sink = WireSink(EventWriter(send, []), partial=False)
        sink.status("Asking the LLM")
        await turns(3)
        sink.token("one")
        await turns(between)
        left_ns = perf_counter_ns()
        answer = Answer(config="baseline")
        sink.complete(answer)
        return (answer.written_ms or 0.0) - (perf_counter_ns() - left_ns) / 1e6

    assert asyncio.run(answered(0)) <= 0 < asyncio.run(answered(1000))


def _pieces(port: int, path: str, body: dict[str, Any]) -> list[bytes]:
    """What each `recv` of a whole answer gave."""
    payload = json.dumps(body).encode()
    head = f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {len(payload)}\r\n\r\n".encode()
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head + payload)
        pieces: list[bytes] = []
        while not b"".join(pieces[-2:]).endswith(b"\r\n0\r\n\r\n"):
            pieces.append(connection.recv(1 << 20))
            assert pieces[-1], "closed before its end"
        return pieces


CHAT = {"model": "m", "messages": [{"role": "user", "content": "x"}], "stream": True}


@pytest.mark.parametrize(("path", "body", "terminal"), [
    ("/ask/stream", QUESTION, b'{"type":"end"}'), ("/v1/chat/completions", CHAT, b"[DONE]"),
])  # fmt: skip
def test_the_end_arrives_with_the_end_of_the_body_beside_busy_requests(
    answering: Any, path: str, body: dict[str, Any], terminal: bytes
) -> None:
    """Real uvicorn, 12 clients at once: a `recv` that brings the last event brings the last chunk."""
    with ThreadPoolExecutor(12) as pool:
        found = list(pool.map(lambda _: _pieces(answering.port, path, body), range(60)))
    for pieces in found:
        (last,) = [piece for piece in pieces if terminal in piece]
        assert last.endswith(b"\r\n0\r\n\r\n")
