"""HTTP/1.1 without sockets: where to, how a request looks, and an answer parsed from bytes."""

from __future__ import annotations

from collections.abc import Mapping

from httptools import HttpParserError, HttpParserUpgrade, HttpResponseParser

from records.base_url import split_base_url


class HttpFailure(Exception):
    """A request that got no whole answer; the text is normalised, fit for counting."""


class ConnectFailure(HttpFailure):
    """No connection (refused, unknown host, TLS handshake failed)."""


class DeadlinePassed(HttpFailure):
    """Something took longer than its timeout; the text says what."""


class ConnectionLost(HttpFailure):
    """The connection ended, or what came is not HTTP, before the answer was whole."""


class Origin:
    """Scheme, host, port and path prefix of a base URL. Raises ValueError for what is not one."""

    def __init__(self, base_url: str) -> None:
        parts = split_base_url(base_url)
        self.tls = parts.scheme == "https"
        self.host = parts.hostname or ""
        self.port = parts.port or (443 if self.tls else 80)
        self.prefix = parts.path.rstrip("/")
        default = self.port == (443 if self.tls else 80)
        name = f"[{self.host}]" if ":" in self.host else self.host
        self.authority = name if default else f"{name}:{self.port}"

    def post_head(self, path: str, headers: Mapping[str, str]) -> bytes:
        """A POST request's head up to the value of Content-Length, its last header. Of a name that comes
        twice, in small or capital letters, the last is sent; ``Host`` is the origin's where there is none."""
        sent = {"host": f"Host: {self.authority}"}
        sent |= {name.lower(): f"{name}: {value}" for name, value in headers.items()}
        lines = [f"POST {self.prefix}{path} HTTP/1.1", *sent.values()]
        # Compressed, a stream's pieces would arrive when the compressor pleases (TRAPS 6).
        return "\r\n".join([*lines, "Accept-Encoding: identity", "Content-Length: "]).encode("latin-1")


def _why(error: HttpParserError) -> str:
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
        self.status = self.bytes = 0
        self.in_body = self.complete = self.keeps = self.framed = False
        self._headers.clear()
        self._body.clear()

    def feed(self, data: bytes) -> bytes:
        """Parse what was received; the body's bytes in it. Raises ConnectionLost for what is not HTTP."""
        self.bytes += len(data)
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            if not self.complete:
                raise ConnectionLost(f"not HTTP: {_why(error)}") from error
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
