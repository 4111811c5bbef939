"""TLS on the watched connection: records as they come, and what the connection says beside the answer."""

from __future__ import annotations

import contextlib
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import gevent
import pytest

from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.client.http import Origin
from loadgen.client.secured import SecuredConnection
from loadgen.client.watched import WatchedConnection
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import AnswerExchange, Asker
from reach.options import Reach
from reach.proxy import Proxies
from reach.tls import Tls
from support import Listener, wait_until

LIMIT_S = 60.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
TOKEN = b'data: {"type":"token","content":"word "}\n\n'
COMPLETE = b'data: {"type":"complete","final_answer":"x"}\n\n'
LATE_MS = 60.0
"""Less than what the servers here wait between two writes: what is dated wrongly is later than this."""
PAUSE_S = 0.15
TRIES = 10


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


GOOD = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(TOKEN) + chunk(COMPLETE) + b"0\r\n\r\n"


class Peer:
    """A server's side of one connection, in whose hand each byte of ciphertext is."""

    def __init__(self, sock: socket.socket, context: ssl.SSLContext) -> None:
        self.sock = sock
        self._into, self._out_of = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self._into, self._out_of, server_side=True)
        self.sent_at: list[float] = []

    def _read(self) -> None:
        data = self.sock.recv(65536)
        if not data:
            raise ConnectionError
        self._into.write(data)

    def shake_hands(self) -> bytes:
        """What is left to say when it is done: of TLS 1.3 the tickets."""
        while True:
            try:
                self.tls.do_handshake()
            except ssl.SSLWantReadError:
                self.send(self._out_of.read())
                self._read()
            else:
                return self._out_of.read()

    def request(self) -> bytes:
        """The next request, whole."""
        data = b""
        while True:
            head, end, body = data.partition(b"\r\n\r\n")
            if end and len(body) >= int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0]):
                return data
            try:
                data += self.tls.read(65536)
            except ssl.SSLWantReadError:
                self._read()

    def record(self, text: bytes) -> bytes:
        """One record of ciphertext."""
        self.tls.write(text)
        return self._out_of.read()

    def goodbye(self) -> bytes:
        with contextlib.suppress(ssl.SSLWantReadError):
            self.tls.unwrap()
        return self._out_of.read()

    def send(self, ciphertext: bytes) -> None:
        self.sent_at.append(time.monotonic())
        if ciphertext:
            self.sock.sendall(ciphertext)


Script = Callable[[Peer], None]


class Peers:
    """A server whose connections each run ``script``."""

    def __init__(self, context: ssl.SSLContext, script: Script) -> None:
        self.script, self._context = script, context
        self.peers: list[Peer] = []
        self._listener = Listener(self._serve)
        self.url = f"https://localhost:{self._listener.port}"
        self.close = self._listener.close

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(LIMIT_S)
        peer = Peer(sock, self._context)
        self.peers.append(peer)
        with sock, contextlib.suppress(OSError):
            self.script(peer)


Serve = Callable[..., Peers]


@pytest.fixture
def peers(certificates: Any) -> Iterator[Serve]:
    running: list[Peers] = []

    def start(script: Script, context: ssl.SSLContext | None = None) -> Peers:
        running.append(Peers(context or certificates.server(), script))
        return running[-1]

    yield start
    for one in running:
        one.close()


@pytest.fixture
def asker(certificates: Any) -> Callable[..., Asker]:
    """Of a URL, with its certificate trusted unless TLS is asked for otherwise."""

    def make(url: str, tls: Tls | None = None, **timeouts: float) -> Asker:
        reach = Reach(tls=tls or Tls(ca=certificates.ca))
        limits = Timeouts(**({"total": LIMIT_S} | timeouts))
        return Asker(connection(Origin(url, reach), limits), dialect("ask"), {})

    return make


def ask(one: Asker, question: str = "why?") -> AnswerExchange:
    exchange = AnswerExchange(sent_ns=0)
    one.ask(question, exchange)
    return exchange


def until(once: Callable[[], list[float]]) -> None:
    """Once is enough: each of these dates, in ms after it was sent, is in time. None is ever early."""
    seen = []
    for _ in range(TRIES):
        seen.append(once())
        assert min(seen[-1]) >= -5
        if max(seen[-1]) < LATE_MS:
            return
    raise AssertionError(f"late in each of {TRIES} tries: {seen}")


def test_the_kind_of_connection_is_the_origin_s(certificates: Any) -> None:
    limits = Timeouts(total=1)
    reach = Reach(tls=Tls(ca=certificates.ca))
    assert type(connection(Origin("http://h"), limits)) is WatchedConnection
    assert type(connection(Origin("https://h", reach), limits)) is SecuredConnection


def test_a_record_has_the_date_of_its_last_byte(peers: Serve, asker: Any) -> None:
    def script(peer: Peer) -> None:
        peer.send(peer.shake_hands())
        peer.request()
        peer.send(peer.record(HEAD + b"Transfer-Encoding: chunked\r\n\r\n"))
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

    until(once)


@pytest.mark.parametrize("size", [1, 7, 4096])
def test_many_records_in_one_read_are_all_read(peers: Serve, asker: Any, size: int) -> None:
    body = chunk(TOKEN * 300) + chunk(COMPLETE) + b"0\r\n\r\n"
    text = HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + body

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
    assert sent
    assert sent[0] > 0
    exchange = ask(one)
    assert (exchange.outcome, exchange.retried, one.connection.connects) == ("ok", False, 1)


@pytest.mark.parametrize("polite", [True, False])
def test_a_connection_that_ends_while_idle_is_replaced(peers: Serve, asker: Any, polite: bool) -> None:
    def script(peer: Peer) -> None:
        peer.send(peer.shake_hands())
        peer.request()
        peer.send(peer.record(GOOD))
        if polite:
            peer.send(peer.goodbye())

    server = peers(script)
    one = asker(server.url)
    for _ in range(3):
        assert ask(one).outcome == "ok"
        time.sleep(0.05)
    assert len(server.peers) == one.connection.connects == 3


@pytest.mark.parametrize("polite", [True, False])
@pytest.mark.parametrize(
    ("framing", "outcome", "error"),
    [
        (b"Connection: close\r\n\r\n", "ok", None),
        (b"Content-Length: 9999\r\n\r\n", "ok", None),  # what was wanted had come
        (b"Transfer-Encoding: chunked\r\n\r\n", "truncated", "connection closed in the middle of the answer"),
    ],
)
def test_an_end_without_a_goodbye_is_what_the_framing_says(
    peers: Serve, asker: Any, polite: bool, framing: bytes, outcome: str, error: str | None
) -> None:
    def script(peer: Peer) -> None:
        peer.send(peer.shake_hands())
        peer.request()
        chunked = b"chunked" in framing
        text = HEAD + framing + (chunk(TOKEN) if chunked else TOKEN + COMPLETE)
        peer.send(peer.record(text) + (peer.goodbye() if polite else b""))

    exchange = ask(asker(peers(script).url))
    assert (exchange.outcome, exchange.error) == (outcome, error)
    assert exchange.answer.tokens == 1


def test_what_came_before_a_broken_record_is_kept(peers: Serve, asker: Any) -> None:
    def script(peer: Peer) -> None:
        peer.send(peer.shake_hands())
        peer.request()
        text = peer.record(HEAD + b"Transfer-Encoding: chunked\r\n\r\n" + chunk(TOKEN))
        broken = bytearray(peer.record(chunk(COMPLETE)))
        broken[-1] ^= 1
        peer.send(text + bytes(broken))
        peer.sock.recv(1000)

    exchange = ask(asker(peers(script).url))
    assert (exchange.outcome, exchange.answer.tokens) == ("truncated", 1)
    assert exchange.error == "TLS: decryption failed or bad record mac"


def test_the_time_to_connect_holds_over_the_handshake_too(asker: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = asker(f"https://127.0.0.1:{silent.getsockname()[1]}", connect=0.3)
        exchange = ask(one)
    assert (exchange.outcome, exchange.error) == (
        "connect_error",
        "TLS: no handshake in time; a service without TLS is asked as http://",
    )


def test_connecting_is_timed_with_its_handshake(peers: Serve, asker: Any) -> None:
    def script(peer: Peer) -> None:
        time.sleep(PAUSE_S)
        peer.send(peer.shake_hands())
        while True:
            peer.request()
            peer.send(peer.record(GOOD))

    one = asker(peers(script).url)
    one.connection.connect()
    assert one.connection.connect_ns >= PAUSE_S * 1e9
    for _ in range(2):
        exchange = ask(one)
        assert exchange.outcome == "ok"
    assert one.connection.connects == 1


def test_who_is_not_verified_is_not_asked(trap: Any, behind_tls: Any, certificates: Any, asker: Any) -> None:
    server = trap(lambda talk: talk.raw(GOOD))
    url = behind_tls(server.url)
    exchange = ask(asker(url, Tls(server_name="x")))
    assert exchange.outcome == "connect_error"
    assert str(exchange.error).startswith("TLS: unable to get local issuer certificate; --ca FILE")
    exchange = ask(asker(url, Tls(ca=certificates.ca, server_name="other.test")))
    assert str(exchange.error).startswith("TLS: Hostname mismatch, certificate is not valid for 'other.test'")
    assert server.talks == []
    for tls in (Tls(insecure=True), Tls(ca=certificates.ca, server_name="service.test")):
        assert ask(asker(url, tls)).outcome == "ok"


def test_a_certificate_that_the_service_wants(
    trap: Any, behind_tls: Any, certificates: Any, asker: Any
) -> None:
    url = behind_tls(trap(lambda talk: talk.raw(GOOD)).url, certificates.server(wants_client=True))
    exchange = ask(asker(url))
    assert exchange.outcome != "ok"
    assert exchange.error == "TLS: tlsv13 alert certificate required; --cert FILE shows one"
    shown = {"cert": certificates.path("client.pem"), "cert_key": certificates.path("client.key")}
    assert ask(asker(url, Tls(ca=certificates.ca, **shown))).outcome == "ok"


def test_http_1_1_is_offered_by_its_name(peers: Serve, asker: Any, certificates: Any) -> None:
    chosen = []

    def script(peer: Peer) -> None:
        peer.send(peer.shake_hands())
        chosen.append(peer.tls.selected_alpn_protocol())
        peer.request()
        peer.send(peer.record(GOOD))

    context = certificates.server()
    context.set_alpn_protocols(["h2", "http/1.1"])
    assert ask(asker(peers(script, context).url)).outcome == "ok"
    assert chosen == ["http/1.1"]


def test_http_asked_of_tls_and_tls_of_http(trap: Any, peers: Serve, asker: Any) -> None:
    def alerting(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.send(b"\x15\x03\x01\x00\x02\x02\x46")

    exchange = ask(asker(peers(alerting).url.replace("https", "http")))
    assert exchange.error == "what answers there speaks TLS: ask it as https://"

    def bad_request(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.send(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")
        peer.sock.recv(65536)

    exchange = ask(asker(peers(bad_request).url))
    assert exchange.error == "TLS: what answers there speaks no TLS: ask it as http://"


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


def test_through_a_proxy(trap: Any, behind_tls: Any, certificates: Any, proxy: Any) -> None:
    server, between = trap(lambda talk: talk.raw(GOOD)), proxy()
    told = Proxies(https=f"http://me:secret@{between.name}", http=f"me:secret@{between.name}")
    reach = Reach(tls=Tls(ca=certificates.ca), proxies=told)
    https = behind_tls(server.url).replace("localhost", "service.test")
    for url in (https, server.url.replace("127.0.0.1", "service.test")):
        one = Asker(connection(Origin(url, reach), Timeouts(total=LIMIT_S)), dialect("ask"), {})
        assert [ask(one).outcome for _ in range(2)] == ["ok", "ok"]
        assert one.connection.connects == 1
    assert between.heads[0].startswith(b"CONNECT service.test:")
    assert between.heads[1].startswith(b"POST http://service.test:")
    assert all(b"Proxy-Authorization: Basic bWU6c2VjcmV0" in head for head in between.heads)
    refused = proxy("407 Proxy Authentication Required")
    told = Proxies(https=f"http://me:secret@{refused.name}", http=f"me:secret@{refused.name}")
    for scheme in ("https", "http"):
        origin = Origin(f"{scheme}://service.test", Reach(proxies=told))
        exchange = ask(Asker(connection(origin, Timeouts(total=LIMIT_S)), dialect("ask"), {}))
        assert str(exchange.error).startswith(f"the proxy {refused.name} answered 407")
        assert "secret" not in str(exchange.error)


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


class OpenSsl:
    """``openssl s_server``, which can be told to renew keys and to begin another handshake."""

    def __init__(self, certificates: Any, port: int, version: str) -> None:
        self.process = subprocess.Popen(
            [
                *("stdbuf", "-oL"),  # else it keeps to itself what it has done
                *("openssl", "s_server", version, "-accept", f"127.0.0.1:{port}"),
                *("-cert", certificates.path("server.pem"), "-key", certificates.path("server.key")),
            ],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self.text = b""
        threading.Thread(target=self._listen, daemon=True).start()

    def _listen(self) -> None:
        assert self.process.stdout
        while more := self.process.stdout.read1(65536):  # type: ignore[attr-defined]
            self.text += more

    def wait_for(self, text: bytes, times: int = 1) -> None:
        wait_until(lambda: self.text.count(text) >= times)

    def say(self, text: bytes) -> None:
        """One write is one read of it: a command is a line's first letter."""
        assert self.process.stdin
        self.process.stdin.write(text)
        self.process.stdin.flush()


@pytest.mark.skipif(shutil.which("stdbuf") is None, reason="no stdbuf command")
@pytest.mark.parametrize(("version", "command"), [("-tls1_3", b"K\n"), ("-tls1_2", b"R\n")])
def test_new_keys_and_another_handshake_on_the_way(
    certificates: Any, free_port: Any, asker: Any, version: str, command: bytes
) -> None:
    port = free_port()
    server = OpenSsl(certificates, port, version)
    try:
        server.wait_for(b"ACCEPT")

        def answer() -> None:
            for number in (1, 2, 3):
                server.wait_for(b'"query"', number)
                server.say(command)
                server.wait_for(b"SSL_do_handshake -> 1", number)
                time.sleep(0.05)
                server.say(GOOD)

        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        one = asker(f"https://localhost:{port}")
        for _ in range(3):
            exchange = ask(one)
            assert exchange.outcome == "ok", (exchange.error, server.text)
        thread.join(LIMIT_S)
        assert one.connection.connects == 1
        one.connection.close()
    finally:
        server.process.kill()
        server.process.wait(LIMIT_S)
