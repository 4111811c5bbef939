"""What an answer is said to have been, by its connection, its framing and its end (TRAPS 5, 8, 14).

The servers of tests/traps set the other traps.
"""

import math
import socket
import time
from typing import Any

import pytest

from asking import ask, until
from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.client.http import Origin
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import AnswerExchange, Asker
from records.secrets.redaction import Redaction

TOKEN = {"type": "token", "content": "word "}
COMPLETE = {"type": "complete", "final_answer": "x"}


def ms(exchange: AnswerExchange, at_ns: int | None) -> float:
    assert at_ns is not None
    return (at_ns - exchange.sent_ns) / 1e6


def good(talk: Any) -> None:
    talk.headers()
    talk.event({"type": "documents", "data": [{"id": "a"}], "count": 1}, TOKEN, TOKEN, COMPLETE)
    talk.event({"type": "end"})
    talk.done()


def test_a_stream_that_lingers_after_its_end_is_not_waited_for(trap: Any, asker: Any) -> None:  # TRAPS 8
    def script(talk: Any) -> None:
        talk.headers()
        talk.event(TOKEN, COMPLETE)
        time.sleep(3)
        talk.done()

    server = trap(script)
    one = asker(server.url)
    assert ask(one).outcome == "ok"
    server.script = good
    assert ask(one).outcome == "ok"
    assert server.connections == 2


def test_connecting_is_not_in_the_figure_and_stale_connections_are_replaced(
    trap: Any, asker: Any
) -> None:  # TRAPS 14
    def script(talk: Any) -> None:
        good(talk)
        talk.close()  # without saying so in the headers

    server = trap(script)
    one = asker(server.url)

    def once() -> list[float]:
        asked = len(server.talks)
        exchange = ask(one)
        assert exchange.outcome == "ok"
        assert server.connections == asked + 1
        time.sleep(0.02)
        return [ms(exchange, exchange.headers_ns)]

    for _ in range(3):
        until(once)


def test_a_dead_connection_is_retried_once_only_before_any_byte(trap: Any, asker: Any) -> None:
    def script(talk: Any) -> None:
        if talk.number == 1:
            talk.close()  # the request was read, not a byte came back
        else:
            good(talk)

    server = trap(script)
    one = asker(server.url)
    assert ask(one).outcome == "ok"
    second = ask(one)
    assert (second.outcome, second.retried) == ("ok", True)
    server.script = lambda talk: talk.close()
    assert ask(asker(server.url)).outcome == "truncated"  # a fresh connection is not tried again


def test_the_timeout_is_of_the_whole_request(trap: Any, asker: Any) -> None:
    def script(talk: Any) -> None:
        talk.headers()
        for _ in range(20):
            time.sleep(0.05)
            talk.event(TOKEN)

    server = trap(script)

    def once() -> list[float]:
        exchange = ask(asker(server.url, timeout_s=0.3))
        assert (exchange.outcome, exchange.error) == (
            "timeout",
            "the answer was not whole within the timeout",
        )
        late = [ms(exchange, exchange.ended_ns) - 300]
        return late if 3 <= exchange.answer.tokens < 20 else [math.inf]

    until(once)


@pytest.mark.parametrize(("status", "said", "outcome", "error"), [
    ("200 OK", b'data: {"type":"error","message":"unloaded"}\n\n', "stream_error", "unloaded"),
    ("200 OK", b'error: unloaded\n', "stream_error", "unloaded"),
    ("503 No", b"engine is unloaded", "http_error", "HTTP 503 engine is unloaded"),
])  # fmt: skip
def test_an_error_that_leaves_its_stream_open_is_why_no_more_came(
    trap: Any, asker: Any, status: str, said: bytes, outcome: str, error: str
) -> None:
    def script(talk: Any) -> None:
        talk.raw(
            f"HTTP/1.1 {status}\r\nContent-Type: text/event-stream\r\nContent-Length: 9999\r\n\r\n".encode()
        )
        talk.raw(said)
        time.sleep(1.0)

    exchange = ask(asker(trap(script).url, timeout_s=0.4))
    assert (exchange.outcome, exchange.error) == (outcome, error)


@pytest.mark.parametrize("framing", ["interim", "length", "close"])
def test_framings(trap: Any, asker: Any, framing: str) -> None:  # TRAPS 5
    body = b':hi\r\rdata:{"type":"token","content":"a"}\r\rdata:{"type":"complete"}'  # and no blank line

    def script(talk: Any) -> None:
        if framing == "interim":
            talk.raw(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        talk.headers("Connection: close\r\n" if framing == "close" else f"Content-Length: {len(body)}\r\n")
        talk.raw(body)
        if framing == "close":
            talk.close()

    exchange = ask(asker(trap(script).url))
    assert (exchange.outcome, exchange.answer.tokens) == ("ok", 1), exchange.error


@pytest.mark.parametrize(("status", "extra", "body", "error"), [
    ("503 Busy", "Retry-After: 1\r\n", b"too many: 17", "HTTP 503 too many: N"),
    ("500 No", "Content-Encoding: gzip\r\n", b"\x1f\x8b\x08", "HTTP 500 (its text is compressed: gzip)"),
    ("307 Go", "Location: /elsewhere\r\n", b"", "HTTP 307 /elsewhere"),
    ("200 OK", "", b'{"error":{"message":"no \xf0\x9f\xa4\x96, 17"}}',
     "HTTP 200 with an error and no events (text/plain) no \U0001f916, N"),
    ("200 OK", "", b"error: it broke", "HTTP 200 with an error and no events (text/plain) it broke"),
    ("200 OK", "", b'{"answer":"whole"}', 'HTTP 200 without events (text/plain) {"answer":"whole"}'),
])  # fmt: skip
def test_no_stream(trap: Any, asker: Any, status: str, extra: str, body: bytes, error: str) -> None:
    def script(talk: Any) -> None:
        talk.headers(f"{extra}Content-Length: {len(body)}\r\n", status)
        talk.raw(body)

    server = trap(script)
    exchange = ask(asker(server.url))
    assert (exchange.outcome, exchange.error) == ("http_error", error)
    assert b"accept-encoding: identity" in server.talks[0].head.lower()


SAID = '{"error": {"message": "caf\u00e9 is shut, k-s3cret-key"}}'
WHERE = "HTTP 200 with an error and no events"


JSON = "application/json"


@pytest.mark.parametrize(("status", "kind", "coding", "length"), [
    *(("200 OK", kind, coding, True) for kind in (JSON, f"{JSON}; charset=utf-8")
      for coding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig")),
    ("200 OK", "text/plain;charset=ISO-8859-1", "latin-1", True),
    ("200 OK", 'text/plain; Charset="windows-1252"', "cp1252", True),
    ("200 OK", "text/plain; charset=GBK", "gbk", True),
    ("200 OK", "text/plain; charset=no-such", "utf-8", True),
    ("200 OK", "text/plain; charset=base64", "utf-8", True),
    ("200 OK", JSON, "utf-16-le", False),
    ("503 Busy", JSON, "utf-16", True),
    ("503 Busy", "text/plain; charset=gbk", "gbk", True),
])  # fmt: skip
def test_an_error_is_read_in_whatever_charset_and_shows_no_secret(
    trap: Any, status: str, kind: str, coding: str, length: bool
) -> None:
    body = SAID.encode(coding)

    def script(talk: Any) -> None:
        framing = f"Content-Length: {len(body)}\r\n" if length else ""
        talk.raw(f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\n{framing}\r\n".encode() + body)
        talk.sock.recv(1)  # until the client has gone

    one = connection(Origin(trap(script).url), Timeouts(total=60))
    exchange = ask(Asker(one, dialect("openai"), {}, redact=Redaction(["k-s3cret-key"]).redact))
    one.close()
    said = "caf\u00e9 is shut, ***"
    if status.startswith("200"):
        assert exchange.error == f"{WHERE} ({kind.split(';')[0]}) {said}"
    else:
        assert exchange.error == f'HTTP 503 {{"error": {{"message": "{said}"}}}}'
    assert exchange.outcome == "http_error"


def test_what_is_not_http_and_nobody_there(trap: Any, asker: Any, over: Any) -> None:
    assert ask(asker(trap(lambda talk: talk.raw(b"SSH-2.0-x\r\n")).url)).outcome == "truncated"
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nobody = connection(Origin(f"{over.scheme}://127.0.0.1:{port}", over.reach), Timeouts(total=60))
    exchange = ask(Asker(nobody, dialect("ask"), {}))
    assert (exchange.outcome, exchange.error) == ("connect_error", "connection refused")


def test_what_follows_an_answer_s_end_is_said_to_be_that(trap: Any, asker: Any) -> None:
    """As of a body that is longer than its length: it comes when the next one is asked for."""
    server = trap(good)
    one = asker(server.url)
    assert ask(one).outcome == "ok"
    server.script = lambda talk: talk.raw(b"the rest of it\r\n")
    left_over, fresh = ask(one), ask(one)
    assert (left_over.outcome, fresh.outcome) == ("truncated", "truncated")
    assert (left_over.error or "").startswith("after the end of the answer before it: not HTTP: ")
    assert (fresh.error or "").startswith("not HTTP: ")


def test_what_a_stream_says_of_its_error_is_kept_without_numbers(trap: Any, asker: Any) -> None:  # TRAPS 9
    def script(talk: Any) -> None:
        talk.headers()
        talk.event(TOKEN, {"type": "error", "message": "model 7 is gone"})
        talk.done()

    exchange = ask(asker(trap(script).url))
    assert (exchange.outcome, exchange.error) == ("stream_error", "model N is gone")
