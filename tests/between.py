"""What stands between a load and a server: TLS, and a proxy."""

import contextlib
import socket
import ssl
import subprocess
from collections.abc import Callable
from pathlib import Path
from select import select
from urllib.parse import urlsplit

import support
from loadgen.client.http import Origin
from reach.options import Reach
from reach.tls import Tls


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
                _hand_on(sock, behind)


class Switch:
    """One address, behind which a test puts one server of this machine or another."""

    def __init__(self) -> None:
        self._port = 0
        self._listener = support.Listener(self._serve)
        self.url = f"http://127.0.0.1:{self._listener.port}"
        self.close = self._listener.close

    def to(self, port: int) -> None:
        """From now on; connections to the one before are ended."""
        self._port = port
        for sock in self._listener.accepted:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    def _serve(self, sock: socket.socket) -> None:
        with (
            sock,
            contextlib.suppress(OSError),
            socket.create_connection(("127.0.0.1", self._port), 60) as behind,
        ):
            behind.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            _hand_on(sock, behind)


def _hand_on(sock: socket.socket, behind: socket.socket) -> None:
    """Bytes both ways, until either ends."""
    while True:
        for one in select([sock, behind], [], [], 60)[0]:
            data = one.recv(65536)
            (behind if one is sock else sock).sendall(data)
            if not data:
                return
