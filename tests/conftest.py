"""What the tests of several rooms share: servers that set traps, a locust process, and how a load ended."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from select import select
from typing import Any
from urllib.parse import urlsplit

import pytest
from hypothesis import HealthCheck, settings

import support
from loadgen.client.http import Origin
from reach.options import Reach
from reach.tls import Tls
from records.request import RequestRecord

# New examples are looked for at every run of a person; what lands is judged by the same ones each time.
# None is timed: how long an example takes, to make or to try, is this machine's.
settings.register_profile("person", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("steady", settings.get_profile("person"), derandomize=True)
settings.load_profile("person")
if os.environ.get("CI"):
    settings.load_profile("steady")


@pytest.fixture(scope="session")
def free_port() -> Callable[[], int]:
    return support.free_port


@pytest.fixture(scope="session")
def ended_well() -> Callable[[support.Process], bool]:
    return support.ended_well


# -- servers: raw sockets, so that what is on the wire is exactly what a test says

Script = Callable[["Talk"], None]


class Talk:
    """One request on one connection, as the script sees it."""

    def __init__(self, sock: socket.socket, head: bytes, body: bytes, number: int) -> None:
        self.sock, self.head, self.body, self.number = sock, head, body, number
        self.sent_at: list[float] = []
        """time.monotonic() just before each ``raw``."""
        self.keep = True

    def raw(self, data: bytes) -> None:
        self.sent_at.append(time.monotonic())
        self.sock.sendall(data)

    def headers(self, extra: str = "Transfer-Encoding: chunked\r\n", status: str = "200 OK") -> None:
        self.raw(f"HTTP/1.1 {status}\r\nContent-Type: text/plain\r\n{extra}\r\n".encode())

    def chunk(self, data: bytes) -> None:
        self.raw(b"%x\r\n%s\r\n" % (len(data), data))

    def event(self, *events: dict[str, Any]) -> None:
        self.chunk(b"".join(frame(event) for event in events))

    def done(self) -> None:
        self.raw(b"0\r\n\r\n")

    def close(self) -> None:
        self.keep = False


def frame(event: dict[str, Any]) -> bytes:
    return b"data: " + json.dumps(event, ensure_ascii=False).encode() + b"\n\n"


def not_found(talk: Talk) -> None:
    talk.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")


class TrapServer:
    """Runs ``script`` for every POST, ``on_get`` for the rest; keeps what it was sent."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.on_get: Script = not_found
        self.talks: list[Talk] = []
        self.tls: ssl.SSLContext | None = None
        self._listener = support.Listener(self._serve)
        self.port = self._listener.port
        self.url = f"http://127.0.0.1:{self.port}"

    @property
    def connections(self) -> int:
        return len(self._listener.accepted)

    def _serve(self, sock: socket.socket) -> None:
        data = b""
        try:
            if self.tls:
                sock = self.tls.wrap_socket(sock, server_side=True)
            while True:
                while b"\r\n\r\n" not in data:
                    more = sock.recv(65536)
                    if not more:
                        return
                    data += more
                head, _, data = data.partition(b"\r\n\r\n")
                lines = [line.split(b":", 1) for line in head.lower().split(b"\r\n")[1:]]
                length = int(dict(lines).get(b"content-length", b"0"))
                while len(data) < length:
                    more = sock.recv(65536)
                    if not more:  # a client that left in the midst of its request
                        return
                    data += more
                talk = Talk(sock, head, data[:length], len(self.talks))
                data = data[length:]
                if head.startswith(b"POST"):
                    self.talks.append(talk)
                    self.script(talk)
                else:
                    self.on_get(talk)
                if not talk.keep:
                    return
        except OSError:
            pass
        finally:
            sock.close()

    def stop(self) -> None:
        self._listener.close()
        for sock in self._listener.accepted:
            sock.close()


@pytest.fixture
def trap() -> Iterator[Callable[[Script], TrapServer]]:
    servers: list[TrapServer] = []

    def start(script: Script) -> TrapServer:
        servers.append(TrapServer(script))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


# -- TLS in front of any of them


class Certificates:
    """An authority of ours and what it signed, as files: ``ca``, and ``NAME.pem`` with ``NAME.key``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ca = str(folder / "ca.pem")
        self._make("ca")
        ours = "DNS:localhost,DNS:service.test,IP:127.0.0.1"
        self._sign("server", ours)
        self._sign("other", "DNS:other.test")
        self._sign("expired", ours, days=-1)
        self._sign("client", "DNS:client.test")

    def path(self, name: str) -> str:
        return str(self.folder / name)

    def _openssl(self, *words: str) -> None:
        subprocess.run(["openssl", *words], check=True, capture_output=True, timeout=60, cwd=self.folder)

    def _make(self, name: str) -> None:
        """A key with a certificate that it signed itself."""
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        own = ["-key", f"{name}.key", "-subj", f"/CN={name}", "-days", "30", "-out", f"{name}.pem"]
        self._openssl("req", "-x509", *own, "-addext", "keyUsage=critical,keyCertSign")

    def _sign(self, name: str, names: str, days: int = 30) -> None:
        self._openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", f"{name}.key")
        asked = ["-key", f"{name}.key", "-subj", f"/CN={name}", "-addext", f"subjectAltName={names}"]
        self._openssl("req", "-new", *asked, "-out", f"{name}.csr")
        signed = ["-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-copy_extensions", "copy"]
        self._openssl(
            "x509", "-req", "-in", f"{name}.csr", *signed, "-days", str(days), "-out", f"{name}.pem"
        )

    def server(self, name: str = "server", *, wants_client: bool = False) -> ssl.SSLContext:
        """A server's context, with that certificate."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path(f"{name}.pem"), self.path(f"{name}.key"))
        if wants_client:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(self.ca)
        return context


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    if shutil.which("openssl") is None:
        pytest.skip("no openssl command to make certificates with")
    return Certificates(tmp_path_factory.mktemp("certificates"))


class Relay:
    """TLS to the world, a plain server of this machine behind it; bytes are handed on as they come."""

    def __init__(self, port: int, context: ssl.SSLContext) -> None:
        self._behind, self._context = port, context
        self._listener = support.Listener(self._serve)
        self.url = f"https://localhost:{self._listener.port}"
        self.close = self._listener.close

    def _serve(self, plain: socket.socket) -> None:
        """One thread for both directions: a TLS connection is not to be read and written at once."""
        plain.settimeout(60)
        with (
            plain,
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self._behind), 60) as behind,
            self._context.wrap_socket(plain, server_side=True) as outer,
        ):
            behind.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            while True:
                ready = [outer] if outer.pending() else select([outer, behind], [], [], 60)[0]
                for one in ready:
                    data = one.recv(65536)
                    (behind if one is outer else outer).sendall(data)
                if not ready or not data:
                    return


@pytest.fixture
def behind_tls(request: pytest.FixtureRequest) -> Iterator[Callable[..., str]]:
    """Puts TLS in front of a plain server, by its URL or port: gives the URL with https."""
    relays: list[Relay] = []

    def start(where: str | int, context: ssl.SSLContext | None = None) -> str:
        port = where if isinstance(where, int) else urlsplit(where).port
        assert port
        certificates = request.getfixturevalue("certificates")
        relays.append(Relay(port, context or certificates.server()))
        return relays[-1].url

    yield start
    for relay in relays:
        relay.close()


class Over:
    """How a plain server of a test is asked, over HTTP or over TLS: the test runs once each way."""

    def __init__(self, scheme: str, ca: str, behind: Callable[..., str]) -> None:
        self.scheme = scheme
        self.reach = Reach(tls=Tls(ca=ca))
        self.words = ("--ca", ca) if ca else ()
        """What a load or a sweep is told beside the URL."""
        self._behind = behind
        self._known: dict[str, str] = {}

    def url(self, plain: str) -> str:
        """Where the server of this URL is found: the same place each time."""
        if self.scheme == "http":
            return plain
        if plain not in self._known:
            self._known[plain] = self._behind(plain)
        return self._known[plain]

    def origin(self, plain: str) -> Origin:
        return Origin(self.url(plain), self.reach)


@pytest.fixture(params=["http", "https"])
def over(request: pytest.FixtureRequest, behind_tls: Callable[..., str]) -> Over:
    """A test that takes this runs over plain HTTP and over TLS. It asks ``over.origin(server.url)``, or has a
    load ask: ``-H over.url(server.url)`` and ``*over.words``."""
    scheme = request.param
    ca = request.getfixturevalue("certificates").ca if scheme == "https" else ""
    return Over(scheme, ca, behind_tls)


class ProxyServer:
    """A proxy for which each name is this machine: CONNECT, and requests for a whole ``http://`` URL."""

    def __init__(self, status: str) -> None:
        self.heads: list[bytes] = []
        self._status = status
        self._listener = support.Listener(self._serve)
        self.name = f"127.0.0.1:{self._listener.port}"
        self.close = self._listener.close

    def _serve(self, sock: socket.socket) -> None:
        sock.settimeout(60)
        with sock, contextlib.suppress(OSError):
            data = b""
            while b"\r\n\r\n" not in data:
                more = sock.recv(65536)
                if not more:
                    return
                data += more
            self.heads.append(data.partition(b"\r\n\r\n")[0])
            if self._status:
                sock.sendall(f"HTTP/1.1 {self._status}\r\nContent-Length: 0\r\n\r\n".encode())
                return
            method, target = data.split(b" ", 2)[:2]
            tunnel = method == b"CONNECT"
            port = urlsplit(f"http://{target.decode()}" if tunnel else target.decode()).port
            with socket.create_connection(("127.0.0.1", port or 0), 60) as behind:
                if tunnel:
                    sock.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
                else:
                    behind.sendall(data)
                while True:
                    for one in select([sock, behind], [], [], 60)[0]:
                        data = one.recv(65536)
                        (behind if one is sock else sock).sendall(data)
                        if not data:
                            return


@pytest.fixture
def proxy() -> Iterator[Callable[..., ProxyServer]]:
    """A proxy; with a ``status`` one that refuses whatever it is asked."""
    running: list[ProxyServer] = []

    def start(status: str = "") -> ProxyServer:
        running.append(ProxyServer(status))
        return running[-1]

    yield start
    for one in running:
        one.close()


# -- the load


@pytest.fixture
def locust(tmp_path: Path) -> Iterator[Callable[..., support.Process]]:
    """locust with ``locustfiles/stream.py``."""
    running: list[support.Process] = []
    file = str(support.ROOT / "locustfiles" / "stream.py")

    def start(*arguments: str, **variables: str) -> support.Process:
        output = tmp_path / f"locust-{len(running)}.log"
        running.append(support.Process(output, "locust", "-f", file, *arguments, **variables))
        return running[-1]

    yield start
    for one in running:
        one.kill()


@pytest.fixture
def record() -> Callable[..., RequestRecord]:
    """A good answer of 10 ms, changed as asked."""
    base = RequestRecord(
        run="r",
        cell="c",
        worker="w",
        region="",
        user=0,
        seq=0,
        sent_at_ns=0,
        ended_at_ns=10_000_000,
        outcome="ok",
        documents=5,
        config="baseline",
        stages={"embed": {"queued_ms": 0.0, "running_ms": 9.0}},
    )

    def changed(**changes: object) -> RequestRecord:
        return replace(base, **changes)  # type: ignore[arg-type]

    return changed
