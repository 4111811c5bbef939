"""What an answer is said to have been, by how it was framed and how it ended (TRAPS 5, 6, 9, 10)."""

import gzip
import json
import socket
from typing import Any

import pytest

from asking import ask
from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.client.http import Origin
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import Asker

COMPLETE = {"type": "complete", "final_answer": "x"}


def token(text: str = "word ") -> dict[str, Any]:
    return {"type": "token", "content": text}


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_line_ends_and_framings(trap: Any, asker: Any, end: str, framing: str) -> None:  # TRAPS 5
    lines = [f"data:{json.dumps(event)}" for event in (token("a\u2028b"), COMPLETE)]
    body = (f":hi{end}{end}" + (end * 2).join(lines)).encode()  # no blank line after the last

    def script(talk: Any) -> None:
        if framing == "chunked":
            talk.headers()
            for i in range(0, len(body), 7):
                talk.chunk(body[i : i + 7])
            talk.done()
        elif framing == "length":
            talk.headers(f"Content-Length: {len(body)}\r\n")
            talk.raw(body)
        else:
            talk.headers("Connection: close\r\n")
            talk.raw(body)
            talk.close()

    exchange = ask(asker(trap(script).url))
    assert (exchange.outcome, exchange.answer.tokens) == ("ok", 1), exchange.error


def test_a_compressed_answer_is_said_aloud(trap: Any, asker: Any) -> None:  # TRAPS 6
    def script(talk: Any) -> None:
        body = gzip.compress(b"data: x\n\n")
        talk.headers(f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n")
        talk.raw(body)

    server = trap(script)
    exchange = ask(asker(server.url))
    assert exchange.outcome == "stream_error"
    assert "compressed" in str(exchange.error)
    assert b"accept-encoding: identity" in server.talks[0].head.lower()


def test_an_error_with_status_200_is_a_failure(trap: Any, asker: Any) -> None:  # TRAPS 9
    def script(talk: Any) -> None:
        talk.headers()
        talk.event(token(), {"type": "error", "message": "model 7 is gone", "timestamp": 1})
        talk.event({"type": "end"})
        talk.done()

    exchange = ask(asker(trap(script).url))
    assert (exchange.outcome, exchange.error) == ("stream_error", "model N is gone")


@pytest.mark.parametrize("how", ["chunk end", "cut", "half event"])
def test_a_stream_without_its_terminal_event_is_truncated(trap: Any, asker: Any, how: str) -> None:  # TRAPS 9
    def script(talk: Any) -> None:
        talk.headers()
        talk.event(token())
        if how == "cut":
            talk.close()
            return
        if how == "half event":
            talk.chunk(b'data: {"type":"compl')
        talk.done()

    exchange = ask(asker(trap(script).url))
    assert exchange.outcome == "truncated", exchange.error
    assert exchange.answer.tokens == 1


def test_an_empty_answer_has_no_times_of_tokens(trap: Any, asker: Any) -> None:  # TRAPS 10
    def script(talk: Any) -> None:
        talk.headers()
        talk.event(COMPLETE)
        talk.done()

    exchange = ask(asker(trap(script).url))
    assert exchange.outcome == "ok"
    assert (exchange.answer.first_token_ns, exchange.answer.gaps_us) == (None, [])


@pytest.mark.parametrize(
    ("status", "extra", "body", "error"),
    [
        ("503 Busy", "Retry-After: 1\r\n", b"too many: 17", "HTTP 503 too many: N"),
        ("422 No", "", b'{"detail":"x"}', 'HTTP 422 {"detail":"x"}'),
        ("500 No", "Content-Encoding: gzip\r\n", b"\x1f\x8b\x08", "HTTP 500 (its text is compressed: gzip)"),
        ("307 Go", "Location: /elsewhere\r\n", b"", "HTTP 307 /elsewhere"),
        ("200 OK", "", b'{"answer":"whole"}', 'HTTP 200 without events (text/plain) {"answer":"whole"}'),
    ],
)
def test_no_stream(trap: Any, asker: Any, status: str, extra: str, body: bytes, error: str) -> None:
    def script(talk: Any) -> None:
        talk.headers(f"{extra}Content-Length: {len(body)}\r\n", status)
        talk.raw(body)

    exchange = ask(asker(trap(script).url))
    assert (exchange.outcome, exchange.error) == ("http_error", error)


def test_what_is_not_http_and_nobody_there(trap: Any, asker: Any, over: Any) -> None:
    assert ask(asker(trap(lambda talk: talk.raw(b"SSH-2.0-x\r\n")).url)).outcome == "truncated"
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nobody = connection(Origin(f"{over.scheme}://127.0.0.1:{port}", over.reach), Timeouts(total=60))
    exchange = ask(Asker(nobody, dialect("ask"), {}))
    assert (exchange.outcome, exchange.error) == ("connect_error", "connection refused")


@pytest.mark.parametrize(
    ("reason", "done", "whole", "outcome"),
    [
        ("stop", True, True, "ok"),
        ("stop", False, True, "ok"),  # a whole stream whose model has finished
        (None, True, True, "ok"),
        (None, False, True, "truncated"),
        ("stop", False, False, "truncated"),
        ("abort", True, True, "stream_error"),
        ("abort", False, False, "stream_error"),
    ],
)
def test_openai_until_done(
    trap: Any, asker: Any, reason: str | None, done: bool, whole: bool, outcome: str
) -> None:
    def script(talk: Any) -> None:
        talk.headers()
        for content in ("", "a", "b"):
            talk.event({"choices": [{"delta": {"content": content}}]})
        talk.event({"choices": [{"delta": {}, "finish_reason": reason}]})
        if done:
            talk.chunk(b"data: [DONE]\n\n")
        if whole:
            talk.done()
        else:
            talk.close()

    one = asker(trap(script).url, "openai")
    assert [ask(one).outcome, ask(one).outcome] == [outcome] * 2
