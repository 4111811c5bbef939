"""HTTP/1.1 without sockets: where to, how a request looks, and an answer parsed from bytes."""

from __future__ import annotations

from collections.abc import Mapping

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from reach.address import Address
from reach.tcp import refusal
from records.cells.request import NOT_HTTP, UNASKED


class HttpFailure(Exception):
    """A request that got no whole answer; the text is normalised, fit for counting."""


class ConnectFailure(HttpFailure):
    """No connection (refused, unknown host, TLS handshake failed)."""


class DeadlinePassed(HttpFailure):
    """Something took longer than its timeout; the text says what."""


class ConnectionLost(HttpFailure):
    """The connection ended, or what came is not HTTP, before the answer was whole."""


class Origin(Address):
    """Where to, and how a request to there begins. Raises ValueError for what is no base URL."""

    def head(self, method: str, path: str, headers: Mapping[str, str]) -> bytes:
        """A request's head up to the value of Content-Length, the last header here. Of a name that comes
        twice, in small or capital letters, the last is sent; ``Host`` is the origin's where there is none."""
        sent = {"host": f"Host: {self.authority}"}
        for name, value in (*self.proxy_headers.items(), *headers.items()):
            sent[name.lower()] = f"{name}: {value}"
        lines = [f"{method} {self.target(self.path(path))} HTTP/1.1", *sent.values()]
        # Compressed, a stream's pieces would arrive when the compressor pleases (TRAPS 6).
        return "\r\n".join([*lines, "Accept-Encoding: identity", "Content-Length: "]).encode("latin-1")

    def placed(self, error: str, path: str) -> str:
        """A refusal with what may be the trouble: the path that was asked for, without its query, or the
        proxy that refused it."""
        if self.proxy is not None and not self.tunnel and error.startswith("HTTP 407"):
            return refusal(self.proxy, 407, error.removeprefix("HTTP 407"))
        status = error[: len("HTTP 404")]
        if status not in ("HTTP 404", "HTTP 405"):
            return error
        return f"{status} at {self.path(path).partition('?')[0]}{error.removeprefix(status)}"


def _why(error: HttpParserError | HttpParserUpgrade) -> str:
    """The parser's own reason."""
    return "it switches protocols" if isinstance(error, HttpParserUpgrade) else str(error)


class Reply:
    """The answers of one connection, one after the other. ``expect``, then ``feed`` until ``complete``."""

    def __init__(self) -> None:
        self.status = 0
        self.bytes = 0
        """Bytes fed since ``expect``, headers included."""
        self.in_body = False
        """The headers have come."""
        self.complete = False
        """The body came whole, as far as its framing tells."""
        self.keeps = False
        """The connection can carry another request after this answer."""
        self.framed = False
        """The body's end is told by a length or by chunks, not by the end of the connection."""
        self._behind = False
        """Another answer came before, on the same connection."""
        self._headers: dict[bytes, bytes] = {}
        """By lower-case name, the last of each."""
        self._body: list[bytes] = []
        # httptools looks its callbacks up once, when it is made.
        self.on_body = self._body.append
        self._parser = HttpResponseParser(self)
        # What proxies and small servers send all the same. A length beside chunks counts for nothing
        # (RFC 9112, 6.3).
        self._parser.set_dangerous_leniencies(
            lenient_headers=True,
            lenient_chunked_length=True,
            lenient_optional_cr_before_lf=True,
            lenient_optional_crlf_after_chunk=True,
            lenient_spaces_after_chunk_size=True,
        )

    def expect(self) -> None:
        """Another request is sent on this connection."""
        self._behind = self.complete
        self.status = self.bytes = 0
        self.in_body = self.complete = self.keeps = self.framed = False
        self._headers.clear()
        self._body.clear()

    def feed(self, data: bytes) -> bytes:
        """Parse what was received; the body's bytes in it. Raises ConnectionLost for what is not HTTP."""
        self.bytes += len(data)
        try:
            self._parser.feed_data(data)
        except (HttpParserError, HttpParserUpgrade) as error:
            if not self.complete:
                left_over = f"{UNASKED}: " if self._behind and not self.in_body else ""
                raise ConnectionLost(f"{left_over}{NOT_HTTP}: {_why(error)}") from error
            self.keeps = False
        body = self._body
        if not body:
            return b""
        whole = body[0] if len(body) == 1 else b"".join(body)
        body.clear()
        return whole

    def end_of_connection(self) -> None:
        """Nothing more will come. Raises ConnectionLost where more was due."""
        if not self.in_body:
            raise ConnectionLost("connection closed before an answer")
        if self.framed and not self.complete:
            raise ConnectionLost("connection closed in the middle of the answer")
        self.complete, self.keeps = True, False

    def header(self, name: str) -> str:
        """A header's value, the last of that name; empty where there is none."""
        return self._headers.get(name.lower().encode("latin-1"), b"").decode("latin-1")

    # httptools calls these while it is fed.
    def on_header(self, name: bytes, value: bytes) -> None:
        if not self.complete:
            self._headers[name.lower()] = value

    def on_headers_complete(self) -> None:
        if self.complete:
            return  # an answer that nobody asked for, behind the one that was
        status = self._parser.get_status_code()
        if status < 200:
            return  # 100 Continue, 103 Early Hints: the answer is still to come
        self.status = status
        self.in_body = True
        codings = self._headers.get(b"transfer-encoding")
        if codings is None:
            self.framed = b"content-length" in self._headers
        else:
            self.framed = codings.lower().rstrip().endswith(b"chunked")
        self.keeps = self.framed and self._parser.should_keep_alive()

    def on_message_complete(self) -> None:
        if self.complete:
            self.keeps = False
        elif self.status:
            self.complete = True
        else:
            self._headers.clear()
