"""Each reading trap set by a server, with our figure beside the true one (TRAPS 1-10, 13, 14)."""

from __future__ import annotations

import gzip
import json
import math
import socket
import time
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.client.http import Origin
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import AnswerExchange, Asker

SLACK_MS = 39.0
"""What an answer in time is late by at most. A busy machine makes any of them later, and none earlier, so one
that is late is asked again: what falls into a trap, and those are wider, is late each time."""
TRIES = 20
EARLY_MS = 5.0
"""A kernel's stamp is brought to our clock by two readings, between which a process may be interrupted."""


OVER: Any = None


@pytest.fixture(autouse=True)
def each_way(over: Any) -> None:
    """Plain HTTP and TLS give the same figures."""
    global OVER
    OVER = over


def asker(url: str, name: str = "ask", timeout_s: float = 60.0, **timeouts: float) -> Asker:
    """``url``: of the plain server, which may be asked through TLS."""
    limits = Timeouts(total=timeout_s, **timeouts)
    return Asker(connection(OVER.origin(url), limits), dialect(name), {})


def ask(one: Asker, question: str = "why?") -> AnswerExchange:
    exchange = AnswerExchange(sent_ns=0)
    one.ask(question, exchange)
    return exchange


def ms(exchange: AnswerExchange, at_ns: int | None) -> float:
    assert at_ns is not None
    return (at_ns - exchange.sent_ns) / 1e6


def late_ms(at_ns: int | None, talk: Any, write: int) -> float:
    """How long after the server wrote it, however long that slept first. ``write``: of its writes, from 0."""
    assert at_ns is not None
    return at_ns / 1e6 - talk.sent_at[write] * 1e3


def in_time(late: Sequence[float]) -> bool:
    """Is each of these dates in time? None is early."""
    assert min(late) >= -EARLY_MS
    return max(late) < SLACK_MS


def until(once: Callable[[], list[float]]) -> None:
    """Once is enough: all that an answer is late by, in time."""
    seen = []
    for _ in range(TRIES):
        seen.append(once())
        if in_time(seen[-1]):
            return
    raise AssertionError(f"late in each of {TRIES} tries: {seen}")


def token(text: str = "word ") -> dict[str, Any]:
    return {"type": "token", "content": text}


COMPLETE = {"type": "complete", "final_answer": "x"}


def good(talk: Any) -> None:
    talk.headers()
    talk.event({"type": "documents", "data": [{"id": "a"}], "count": 1}, token(), token(), COMPLETE)
    talk.event({"type": "end"})
    talk.done()


def test_small_events_far_apart_are_stamped_as_they_come(trap: Any) -> None:  # TRAPS 1
    def script(talk: Any) -> None:
        talk.headers()
        for _ in range(10):
            time.sleep(0.05)
            talk.event(token())
        talk.event(COMPLETE)
        talk.done()

    server = trap(script)

    def once() -> list[float]:
        exchange = ask(asker(server.url))
        assert exchange.outcome == "ok"
        arrived_us = [(exchange.answer.first_token_ns or 0) / 1e3]
        for gap_us in exchange.answer.gaps_us:
            arrived_us.append(arrived_us[-1] + gap_us)
        sent_s = server.talks[-1].sent_at[1:11]
        return [at_us / 1e3 - sent * 1e3 for at_us, sent in zip(arrived_us, sent_s, strict=True)]

    until(once)


def test_ttft_is_not_headers_status_documents_or_empty(trap: Any) -> None:  # TRAPS 2, 3
    def script(talk: Any) -> None:
        talk.headers()
        talk.event({"type": "status", "message": "x"})
        talk.chunk(b": keep-alive\n\n")
        talk.event(token(""))
        time.sleep(0.08)
        talk.event({"type": "documents", "data": [], "count": 0})
        time.sleep(0.08)
        talk.event(token())
        time.sleep(0.08)
        talk.event(token(), COMPLETE)
        talk.done()

    server = trap(script)
    headers, status, _comment, _empty, _documents, first, last, _done = range(8)

    def once() -> list[float]:
        exchange = ask(asker(server.url))
        assert exchange.answer.documents == 0
        dates = [(exchange.headers_ns, headers), (exchange.answer.first_event_ns, status)]
        dates += [(exchange.answer.first_token_ns, first), (exchange.ended_ns, last)]
        return [late_ms(at_ns, server.talks[-1], write) for at_ns, write in dates]

    until(once)


def test_events_and_packets_are_different_things(trap: Any) -> None:  # TRAPS 4
    frame = f'data: {{"type":"token","content":"{chr(233)}"}}\n\n'.encode()
    abort = frame.index("é".encode()) + 1  # in the middle of the character

    def script(talk: Any) -> None:
        talk.headers()
        talk.event(token(), token(), token())
        talk.chunk(frame[:abort])
        time.sleep(0.06)
        talk.chunk(frame[abort:])
        talk.event(COMPLETE)
        talk.done()

    server = trap(script)

    def once() -> list[float]:
        exchange = ask(asker(server.url))
        assert exchange.outcome == "ok"
        assert exchange.answer.tokens == 4
        assert exchange.answer.gaps_us[:2] == [0, 0]
        first_ns = exchange.answer.first_token_ns or 0
        fourth_ns = first_ns + exchange.answer.gaps_us[2] * 1000
        return [late_ms(first_ns, server.talks[-1], 1), late_ms(fourth_ns, server.talks[-1], 3)]

    until(once)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("framing", ["chunked", "length", "close"])
def test_line_ends_and_framings(trap: Any, end: str, framing: str) -> None:  # TRAPS 5
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


def test_a_compressed_answer_is_said_aloud(trap: Any) -> None:  # TRAPS 6
    def script(talk: Any) -> None:
        body = gzip.compress(b"data: x\n\n")
        talk.headers(f"Content-Encoding: gzip\r\nContent-Length: {len(body)}\r\n")
        talk.raw(body)

    server = trap(script)
    exchange = ask(asker(server.url))
    assert exchange.outcome == "stream_error"
    assert "compressed" in str(exchange.error)
    assert b"accept-encoding: identity" in server.talks[0].head.lower()


@pytest.mark.parametrize("lingers", [0.2, 3.0])
def test_the_answer_ends_with_its_terminal_event(trap: Any, lingers: float) -> None:  # TRAPS 8
    def script(talk: Any) -> None:
        talk.headers()
        talk.event(token(), COMPLETE)
        time.sleep(lingers)
        talk.event({"type": "end"})
        talk.done()

    server = trap(script)

    def once() -> list[float]:
        """Asked again on the same connection: the rest is read first, unless it takes too long."""
        server.script, before = script, server.connections
        one = asker(server.url)
        exchange = ask(one)
        assert exchange.outcome == "ok"
        late = late_ms(exchange.ended_ns, server.talks[-1], 1)
        server.script = good
        assert ask(one).outcome == "ok"
        assert server.connections - before == (1 if lingers < 1 else 2)
        return [late]

    until(once)


def test_an_error_with_status_200_is_a_failure(trap: Any) -> None:  # TRAPS 9
    def script(talk: Any) -> None:
        talk.headers()
        talk.event(token(), {"type": "error", "message": "model 7 is gone", "timestamp": 1})
        talk.event({"type": "end"})
        talk.done()

    exchange = ask(asker(trap(script).url))
    assert (exchange.outcome, exchange.error) == ("stream_error", "model N is gone")


@pytest.mark.parametrize("how", ["chunk end", "cut", "half event"])
def test_a_stream_without_its_terminal_event_is_truncated(trap: Any, how: str) -> None:  # TRAPS 9
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


def test_a_restart_counts_from_the_last_start(trap: Any) -> None:  # TRAPS 9
    def script(talk: Any) -> None:
        talk.headers()
        talk.event(token())
        time.sleep(0.08)
        talk.event({"type": "clear_response", "message": "again"})
        time.sleep(0.08)
        talk.event(token(), COMPLETE)
        talk.done()

    server = trap(script)

    def once() -> list[float]:
        exchange = ask(asker(server.url))
        assert exchange.answer.restarted
        return [late_ms(exchange.answer.first_token_ns, server.talks[-1], 3)]

    until(once)


def test_an_empty_answer_has_no_times_of_tokens(trap: Any) -> None:  # TRAPS 10
    def script(talk: Any) -> None:
        talk.headers()
        talk.event(COMPLETE)
        talk.done()

    exchange = ask(asker(trap(script).url))
    assert exchange.outcome == "ok"
    assert (exchange.answer.first_token_ns, exchange.answer.gaps_us) == (None, [])


def test_one_connection_serves_all_of_a_users_requests(trap: Any) -> None:  # TRAPS 14
    server = trap(good)
    one = asker(server.url)
    assert [ask(one).outcome for _ in range(5)] == ["ok"] * 5
    assert server.connections == one.connection.connects == 1


def test_connecting_is_not_in_the_figure_and_stale_connections_are_replaced(trap: Any) -> None:  # TRAPS 14
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


def test_a_dead_connection_is_retried_once_only_before_any_byte(trap: Any) -> None:
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


def test_the_timeout_is_of_the_whole_request(trap: Any) -> None:
    def script(talk: Any) -> None:
        talk.headers()
        for _ in range(20):
            time.sleep(0.05)
            talk.event(token())

    server = trap(script)

    def once() -> list[float]:
        exchange = ask(asker(server.url, timeout_s=0.3))
        assert exchange.outcome == "timeout"
        late = [ms(exchange, exchange.ended_ns) - 300]
        return late if 3 <= exchange.answer.tokens < 20 else [math.inf]

    until(once)


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
def test_no_stream(trap: Any, status: str, extra: str, body: bytes, error: str) -> None:
    def script(talk: Any) -> None:
        talk.headers(f"{extra}Content-Length: {len(body)}\r\n", status)
        talk.raw(body)

    exchange = ask(asker(trap(script).url))
    assert (exchange.outcome, exchange.error) == ("http_error", error)


def test_what_is_not_http_and_nobody_there(trap: Any) -> None:
    assert ask(asker(trap(lambda talk: talk.raw(b"SSH-2.0-x\r\n")).url)).outcome == "truncated"
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    nobody = connection(Origin(f"{OVER.scheme}://127.0.0.1:{port}", OVER.reach), Timeouts(total=60))
    exchange = ask(Asker(nobody, dialect("ask"), {}))
    assert (exchange.outcome, exchange.error) == ("connect_error", "connection refused")


def test_interim_answers_are_passed_over(trap: Any) -> None:
    def script(talk: Any) -> None:
        talk.raw(b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n")
        good(talk)

    assert ask(asker(trap(script).url)).outcome == "ok"


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
def test_openai_until_done(trap: Any, reason: str | None, done: bool, whole: bool, outcome: str) -> None:
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
