"""The receiver's process: ``python -m profiler.otlp.receiver --port N --output spans.jsonl``.

It takes traces at ``/v1/traces``; metrics and logs, which an app may send to the same place, it takes and
forgets.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Lock

import click

from profiler.otlp.decode import NotOtlp, lines, spans_of_json, spans_of_protobuf
from reach.unshown import redaction
from records.files import LineFile

PROTOBUF, JSON = "application/x-protobuf", "application/json"
MOST_BODY = 16 << 20
"""Bytes of an export, unpacked."""
TRACES, HEALTH = "/v1/traces", "/health"
_FORGOTTEN = ("/v1/metrics", "/v1/logs")
_DECODERS = {PROTOBUF: spans_of_protobuf, JSON: spans_of_json}


class Store:
    """The file of spans. Once it has ``most`` bytes nothing more is kept."""

    def __init__(self, path: Path, redact: Callable[[str], str], most: int) -> None:
        self._file = LineFile(path)
        self._left = most - path.stat().st_size
        self._redact = redact
        self._lock = Lock()

    def take(self, kind: str, body: bytes) -> None:
        """Raises NotOtlp for a body that is none, of which nothing is kept then; OSError."""
        found = lines(_DECODERS[kind](body), self._redact)
        with self._lock:
            if found and self._left > 0:
                self._file.append(found)
                self._left -= len(found)


def unpacked(body: bytes, encoding: str) -> bytes:
    """Raises NotOtlp for what is packed otherwise, or is too much."""
    if encoding in ("", "identity"):
        return body
    if encoding != "gzip":
        raise NotOtlp(f"packed as {encoding!r}, not by gzip")
    unpacking = zlib.decompressobj(wbits=31)
    try:
        whole = unpacking.decompress(body, MOST_BODY + 1)
    except zlib.error as error:
        raise NotOtlp(f"no gzip: {error}") from None
    if len(whole) > MOST_BODY:
        raise NotOtlp(f"more than {MOST_BODY} bytes")
    if not unpacking.eof:
        raise NotOtlp("gzip without its end")
    return whole


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    timeout = 60
    server: Receiver

    def do_GET(self) -> None:
        self._answer(200 if self.path == HEALTH else 404)

    def do_POST(self) -> None:
        kind = self.headers.get("Content-Type", "").partition(";")[0].strip().lower()
        text = self.headers.get("Content-Length", "")
        if not text.isascii() or not text.isdigit() or int(text) > MOST_BODY:
            self.close_connection = True  # what follows is the body
            return self._answer(413 if text.isdigit() else 411)
        body = self.rfile.read(int(text))
        if self.path in _FORGOTTEN:
            return self._answer(200, kind)
        if self.path != TRACES:
            return self._answer(404)
        if kind not in _DECODERS:
            return self._answer(415)
        try:
            encoding = self.headers.get("Content-Encoding", "").strip().lower()
            self.server.store.take(kind, unpacked(body, encoding))
        except NotOtlp as error:
            self.log_error("refused: %s", error)
            return self._answer(400)
        return self._answer(200, kind)

    def _answer(self, status: int, kind: str = JSON) -> None:
        """An empty message of either encoding says that all was taken."""
        body = b"{}" if kind == JSON and status == 200 else b""
        self.send_response(status)
        self.send_header("Content-Type", kind if kind in _DECODERS else JSON)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """An export a second is nothing to write down."""


class Receiver(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port: int, store: Store) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.store = store


@click.command()
@click.option("--port", type=int, required=True)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True)
@click.option("--most-bytes", type=int, required=True)
def command(port: int, output: Path, most_bytes: int) -> None:
    """Take spans by OTLP over HTTP on 127.0.0.1, and append them to --output."""
    store = Store(output, redaction(os.environ, {}).redact, most_bytes)
    Receiver(port, store).serve_forever()


if __name__ == "__main__":
    command()
