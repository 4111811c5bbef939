"""How a connection over TLS comes about: who is verified, what is offered, and through what."""

import shutil
import socket
import subprocess
import threading
import time
from typing import Any

import pytest

from asking import ask
from loadgen.client.connect import connection
from loadgen.client.connection import Timeouts
from loadgen.client.http import Origin
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import Asker
from reach.options import Reach
from reach.proxy import Proxies
from reach.tls import Tls
from secured_peers import GOOD, LIMIT_S, PAUSE_S, Peer, Serve
from support import wait_until


def test_the_time_to_connect_holds_over_the_handshake_too(asker: Any) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        one = asker(f"https://127.0.0.1:{silent.getsockname()[1]}", connect=0.3)
        exchange = ask(one)
    said = "TLS: no handshake in time; a service without TLS is asked as http://"
    assert (exchange.outcome, exchange.error) == ("connect_error", said)


def test_connecting_is_timed_with_its_handshake_and_http_1_1_offered_by_its_name(
    peers: Serve, asker: Any, certificates: Any
) -> None:
    chosen = []

    def script(peer: Peer) -> None:
        time.sleep(PAUSE_S)
        peer.send(peer.shake_hands())
        chosen.append(peer.tls.selected_alpn_protocol())
        while True:
            peer.request()
            peer.send(peer.record(GOOD))

    context = certificates.server()
    context.set_alpn_protocols(["h2", "http/1.1"])
    one = asker(peers(script, context).url)
    one.connection.connect()
    assert one.connection.connect_ns >= PAUSE_S * 1e9
    assert [ask(one).outcome for _ in range(2)] == ["ok", "ok"]
    assert one.connection.connects == 1
    assert chosen == ["http/1.1"]


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
    assert exchange.error == "TLS: tlsv13 alert certificate required; --cert FILE shows one"
    shown = {"cert": certificates.path("client.pem"), "cert_key": certificates.path("client.key")}
    assert ask(asker(url, Tls(ca=certificates.ca, **shown))).outcome == "ok"


@pytest.mark.parametrize(("scheme", "said", "error"), [
    ("http", b"\x15\x03\x01\x00\x02\x02\x46", "what answers there speaks TLS: ask it as https://"),
    ("https", b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
     "TLS: what answers there speaks no TLS: ask it as http://"),
])  # fmt: skip
def test_http_asked_of_tls_and_tls_of_http(
    peers: Serve, asker: Any, scheme: str, said: bytes, error: str
) -> None:
    def script(peer: Peer) -> None:
        peer.sock.recv(65536)
        peer.send(said)
        peer.sock.recv(65536)

    assert ask(asker(peers(script).url.replace("https", scheme))).error == error


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


class OpenSsl:
    """``openssl s_server``, which can be told to renew keys and to begin another handshake."""

    def __init__(self, certificates: Any, port: int, version: str) -> None:
        words = ["stdbuf", "-oL"]  # else it keeps to itself what it has done
        words += ["openssl", "s_server", version, "-accept", f"127.0.0.1:{port}"]
        words += ["-cert", certificates.path("server.pem"), "-key", certificates.path("server.key")]
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(words, stdin=pipe, stdout=pipe, stderr=subprocess.STDOUT)
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
