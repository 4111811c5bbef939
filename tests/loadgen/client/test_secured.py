"""TLS on the watched connection: records as they come, and what the connection says beside the answer."""

import threading
import time
from typing import Any

import gevent
import pytest

from asking import ask, until
from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.client.http import Origin
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import Asker
from secured_peers import COMPLETE, GOOD, HEAD, LIMIT_S, PAUSE_S, TOKEN, Peer, Script, Serve, chunk


def answering(*texts: bytes, goodbye: bool = False) -> Script:
    """One request is answered with these records."""

    def script(peer: Peer) -> None:
        peer.send(peer.shake_hands())
        peer.request()
        records = b"".join(map(peer.record, texts))
        peer.send(records + (peer.goodbye() if goodbye else b""))

    return script


CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
LATE_MS = 60.0
"""Less than what the servers here wait between two writes: what is dated wrongly is later than this."""


def test_a_record_has_the_date_of_its_last_byte(peers: Serve, asker: Any) -> None:
    def script(peer: Peer) -> None:
        peer.send(peer.shake_hands())
        peer.request()
        peer.send(peer.record(HEAD + CHUNKED))
        first, last = peer.record(chunk(TOKEN)), peer.record(chunk(COMPLETE) + b"0\r\n\r\n")
        peer.send(first[:20])
        time.sleep(PAUSE_S)
        peer.sent_at.clear()
        peer.send(first[20:] + last[:3])
        time.sleep(PAUSE_S)
        peer.send(last[3:])

    server = peers(script)

    def once() -> list[float]:
        exchange = ask(asker(server.url))
        assert (exchange.outcome, exchange.answer.tokens) == ("ok", 1), exchange.error
        dates = [exchange.answer.first_token_ns or 0, exchange.ended_ns]
        return [at / 1e6 - sent * 1e3 for at, sent in zip(dates, server.peers[-1].sent_at, strict=True)]

    until(once, LATE_MS)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_many_records_in_one_read_are_all_read(peers: Serve, asker: Any, size: int) -> None:
    body = chunk(TOKEN * 300) + chunk(COMPLETE) + b"0\r\n\r\n"
    text = HEAD + CHUNKED + body

    def script(peer: Peer) -> None:
        tickets = peer.shake_hands()
        while True:
            peer.request()
            pieces = [peer.record(text[at : at + size]) for at in range(0, len(text), size)]
            peer.send(tickets + b"".join(pieces))
            tickets = b""

    one = asker(peers(script).url)
    for _ in range(2):
        exchange = ask(one)
        assert (exchange.outcome, exchange.answer.tokens) == ("ok", 300), exchange.error
    assert one.connection.connects == 1


def test_tickets_that_come_while_idle_end_no_connection(peers: Serve, asker: Any) -> None:
    told, sent = threading.Event(), []

    def script(peer: Peer) -> None:
        tickets = peer.shake_hands()
        told.wait(LIMIT_S)
        peer.send(tickets)
        sent.append(len(tickets))
        peer.request()
        peer.send(peer.record(GOOD))

    one = asker(peers(script).url)
    one.connection.connect()
    told.set()
    gevent.sleep(0.1)  # the loop looks meanwhile
    assert sent != [0]
    exchange = ask(one)
    assert (exchange.outcome, exchange.retried, one.connection.connects) == ("ok", False, 1)


@pytest.mark.parametrize("polite", [True, False])
def test_a_connection_that_ends_while_idle_is_replaced(peers: Serve, asker: Any, polite: bool) -> None:
    server = peers(answering(GOOD, goodbye=polite))
    one = asker(server.url)
    for _ in range(3):
        assert ask(one).outcome == "ok"
        time.sleep(0.05)
    assert len(server.peers) == one.connection.connects == 3


@pytest.mark.parametrize("polite", [True, False])
@pytest.mark.parametrize(("text", "outcome", "error"), [
    (b"Connection: close\r\n\r\n" + TOKEN + COMPLETE, "ok", None),
    (b"Content-Length: 9999\r\n\r\n" + TOKEN + COMPLETE, "ok", None),  # what was wanted had come
    (CHUNKED + chunk(TOKEN), "truncated", "connection closed in the middle of the answer"),
])  # fmt: skip
def test_an_end_without_a_goodbye_is_what_the_framing_says(
    peers: Serve, asker: Any, polite: bool, text: bytes, outcome: str, error: str | None
) -> None:
    exchange = ask(asker(peers(answering(HEAD + text, goodbye=polite)).url))
    assert (exchange.outcome, exchange.error) == (outcome, error)
    assert exchange.answer.tokens == 1


def test_what_came_before_a_broken_record_is_kept(peers: Serve, asker: Any) -> None:
    def script(peer: Peer) -> None:
        peer.send(peer.shake_hands())
        peer.request()
        text = peer.record(HEAD + CHUNKED + chunk(TOKEN))
        broken = bytearray(peer.record(chunk(COMPLETE)))
        broken[-1] ^= 1
        peer.send(text + bytes(broken))
        peer.sock.recv(1000)

    exchange = ask(asker(peers(script).url))
    assert (exchange.outcome, exchange.answer.tokens) == ("truncated", 1)
    assert exchange.error == "TLS: decryption failed or bad record mac"


def test_a_large_request_is_sent_whole(trap: Any, over: Any) -> None:
    """More than the kernel takes at once, to a server that is slow to read it."""
    question = "why? " * 2_000_000
    server = trap(lambda talk: talk.raw(GOOD))
    one = Asker(connection(over.origin(server.url), Timeouts(total=LIMIT_S)), dialect("ask"), {})
    for _ in range(2):
        exchange = ask(one, question)
        assert exchange.outcome == "ok", exchange.error
    assert question.encode() in server.talks[-1].body
    assert one.connection.connects == 1


def test_an_answer_that_comes_before_a_large_request_is_sent_is_taken(peers: Serve, asker: Any) -> None:
    done = threading.Event()

    def script(peer: Peer) -> None:
        peer.send(peer.shake_hands())
        peer.sock.recv(1000)  # and no more of it
        peer.send(peer.record(b"HTTP/1.1 413 Too Large\r\nContent-Length: 4\r\n\r\nlong"))
        done.wait(LIMIT_S)

    exchange = ask(asker(peers(script).url), "why? " * 4_000_000)
    done.set()
    assert (exchange.outcome, exchange.error) == ("http_error", "HTTP 413 long")


def test_a_404_says_what_was_asked_for(trap: Any, over: Any) -> None:
    def script(talk: Any) -> None:
        talk.headers("Content-Length: 4\r\n", "404 Not Found")
        talk.raw(b"none")

    server = trap(script)
    limits = Timeouts(total=LIMIT_S)
    base = over.origin(server.url)
    under_v1 = Origin(f"{base.url}/v1", over.reach)
    exchange = ask(Asker(connection(under_v1, limits), dialect("openai"), {}))
    assert (exchange.outcome, exchange.error) == ("http_error", "HTTP 404 at /v1/chat/completions none")
    assert server.talks[-1].head.startswith(b"POST /v1/chat/completions HTTP/1.1")
    exchange = ask(Asker(connection(base, limits), dialect("ask", path="/x?v=2&token=s"), {}))
    assert exchange.error == "HTTP 404 at /x none"
