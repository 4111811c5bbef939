"""A small HTTP/1.1 client that stamps every receive before anything looks at it.

One `HttpClient` a user: its connection is kept alive, so that no TCP or TLS handshake enters a figure
(TRAPS 14); connecting is timed apart. Under locust the plain sockets used here are cooperative.
"""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator, Mapping
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

RECV_BYTES = 65536


class HttpFailure(Exception):
    """A request that got no whole answer; the text is normalised, fit for counting."""


class ConnectFailure(HttpFailure):
    """No connection (refused, unknown host, TLS handshake failed)."""


class DeadlinePassed(HttpFailure):
    """The whole request took longer than its timeout."""


class ConnectionLost(HttpFailure):
    """The connection ended, or what came is not HTTP, before the answer was whole."""


class Origin:
    """Scheme, host, port and path prefix of a base URL. Raises ValueError for what is not one."""

    def __init__(self, base_url: str) -> None:
        parts = urlsplit(base_url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{base_url!r} is not a base URL like http://127.0.0.1:8001")
        self.tls = parts.scheme == "https"
        self.host = parts.hostname
        self.port = parts.port or (443 if self.tls else 80)
        self.prefix = parts.path.rstrip("/")
        default = self.port == (443 if self.tls else 80)
        name = f"[{self.host}]" if ":" in self.host else self.host
        self.authority = name if default else f"{name}:{self.port}"


class HttpClient:
    """One kept-alive connection to one origin; for one user at a time."""

    def __init__(self, origin: Origin) -> None:
        self.origin = origin
        self.connects = 0
        self.connect_ns = 0
        """Nanoseconds spent connecting, over all ``connects``."""
        self._socket: socket.socket | None = None
        self._tls = ssl.create_default_context() if origin.tls else None

    def connect(self, deadline_ns: int) -> None:
        """Make sure of a live connection. Raises ConnectFailure or DeadlinePassed."""
        if self._socket is not None and not self._stale(self._socket):
            return
        self.close()
        began = time.monotonic_ns()
        try:
            plain = socket.create_connection((self.origin.host, self.origin.port), _left(deadline_ns))
            try:
                plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                self._socket = plain
                if self._tls:
                    self._socket = self._tls.wrap_socket(plain, server_hostname=self.origin.host)
            except BaseException:
                plain.close()
                self._socket = None
                raise
        except TimeoutError as error:
            raise ConnectFailure("connect timed out") from error
        except OSError as error:
            raise ConnectFailure(_reason(error)) from error
        self.connects += 1
        self.connect_ns += time.monotonic_ns() - began

    def send(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes, timeout_s: float
    ) -> Response:
        """Send a request and wait for its answer's headers.

        Raises:
            HttpFailure: one of its kinds. A kept-alive connection that turns out dead without a single
                byte of an answer is replaced once, and the request sent again on the fresh one.
        """
        deadline_ns = time.monotonic_ns() + int(timeout_s * 1e9)
        self.connect(deadline_ns)
        lines = [f"{method} {self.origin.prefix}{path} HTTP/1.1", f"Host: {self.origin.authority}"]
        lines += [f"{name}: {value}" for name, value in headers.items()]
        if body or method == "POST":
            lines.append(f"Content-Length: {len(body)}")
        message = "\r\n".join([*lines, "Accept-Encoding: identity", "\r\n"]).encode("latin-1") + body
        response = Response(self, deadline_ns, method)
        for fresh in (False, True):
            reused = self._socket is not None and self._reused
            try:
                response.begin(message)
                return response
            except ConnectionLost:
                self.close()
                if fresh or not reused or response.bytes:
                    raise
            except BaseException:
                self.close()
                raise
            response.retried = True
            self.connect(deadline_ns)
        raise AssertionError("unreachable")

    _reused = False
    """Whether the connection has carried a whole answer before."""

    def keep(self, keep: bool) -> None:
        """Called when an answer is over: keep the connection for the next request, or not."""
        self._reused = keep
        if not keep:
            self.close()

    def close(self) -> None:
        self._reused = False
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    @property
    def live(self) -> socket.socket:
        if self._socket is None:
            raise ConnectionLost("connection closed")
        return self._socket

    @staticmethod
    def _stale(sock: socket.socket) -> bool:
        """Closed by the server while idle? Asked before the request, so that reconnecting is not timed."""
        sock.settimeout(0)
        try:
            sock.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True
        return True  # end of stream, or bytes that nobody asked for


class Response:
    """An answer as it comes. Iterate `chunks`; then `finish` (or leave it half read: it is closed)."""

    def __init__(self, client: HttpClient, deadline_ns: int, method: str) -> None:
        self.status = 0
        self.headers: dict[str, str] = {}
        self.sent_ns = 0
        self.headers_ns = 0
        self.bytes = 0
        """Bytes received, headers included."""
        self.complete = False
        """The body came whole, as far as its framing tells."""
        self.retried = False
        self._client = client
        self._deadline_ns = deadline_ns
        self._method = method
        self._parser = HttpResponseParser(self)
        self._body: list[bytes] = []
        self._in_body = False

    def begin(self, message: bytes) -> None:
        if not self.sent_ns:
            # Not taken again for a request that is sent twice: its user has waited since the first time.
            self.sent_ns = time.monotonic_ns()
        sock = self._client.live
        sock.settimeout(_left(self._deadline_ns))
        try:
            sock.sendall(message)
        except TimeoutError as error:
            raise DeadlinePassed("no answer in time") from error
        except OSError as error:
            raise ConnectionLost(_reason(error)) from error
        while not self._in_body:
            stamp_ns = self._receive()
            if not stamp_ns:
                raise ConnectionLost("connection closed before an answer")
            if self._in_body:
                self.headers_ns = stamp_ns

    def chunks(self) -> Iterator[tuple[int, bytes]]:
        """(monotonic ns of the receive, body bytes in it) until the body ends.

        Raises:
            DeadlinePassed, ConnectionLost: the body did not come whole.
        """
        stamp_ns = self.headers_ns
        while True:
            if self._body:
                data = self._body[0] if len(self._body) == 1 else b"".join(self._body)
                self._body.clear()
                yield stamp_ns, data
            if self.complete:
                return
            stamp_ns = self._receive()
            if not stamp_ns:
                if self._framed:
                    raise ConnectionLost("connection closed in the middle of the answer")
                self.complete = True
                self._parser_keeps = False

    def finish(self, wait_s: float = 0.0) -> None:
        """Read what is left for at most ``wait_s``, so that the connection can be kept; else close it."""
        limit_ns = time.monotonic_ns() + int(wait_s * 1e9)
        self._deadline_ns = min(self._deadline_ns, limit_ns)
        try:
            while not self.complete:
                if not self._receive():
                    break
        except HttpFailure:
            pass
        self._client.keep(self.complete and self._parser_keeps)

    _parser_keeps = False
    _framed = True

    def _receive(self) -> int:
        """One receive, stamped before it is parsed; 0 at the end of the stream."""
        sock = self._client.live
        sock.settimeout(_left(self._deadline_ns))
        try:
            data = sock.recv(RECV_BYTES)
        except TimeoutError as error:
            late = "answer not whole in time" if self._in_body else "no answer in time"
            raise DeadlinePassed(late) from error
        except OSError as error:
            raise ConnectionLost(_reason(error)) from error
        stamp_ns = time.monotonic_ns()
        if not data:
            return 0
        self.bytes += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            if not self.complete:
                raise ConnectionLost(f"not HTTP: {type(error).__name__}") from error
            self._parser_keeps = False
        return stamp_ns

    # httptools calls these while it is fed.
    def on_header(self, name: bytes, value: bytes) -> None:
        self.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_headers_complete(self) -> None:
        self.status = self._parser.get_status_code()
        if self.status < 200:
            return  # 100 Continue, 103 Early Hints: the answer is still to come
        self._in_body = True
        self._framed = "transfer-encoding" in self.headers or "content-length" in self.headers
        self._parser_keeps = self._framed and self._parser.should_keep_alive()

    def on_body(self, data: bytes) -> None:
        self._body.append(data)

    def on_message_complete(self) -> None:
        if self.status < 200:
            self.headers.clear()
        else:
            self.complete = True


def _left(deadline_ns: int) -> float:
    """Seconds left, for a socket's timeout. Raises DeadlinePassed when there are none."""
    left = (deadline_ns - time.monotonic_ns()) / 1e9
    if left <= 0:
        raise DeadlinePassed("not whole in time")
    return left


def _reason(error: OSError) -> str:
    """An OSError in words that are the same each time (no addresses, no ports)."""
    if isinstance(error, ssl.SSLError):
        return f"TLS: {error.reason or type(error).__name__}"
    if isinstance(error, socket.gaierror):
        return "host name not known"
    return (error.strerror or type(error).__name__).lower()
