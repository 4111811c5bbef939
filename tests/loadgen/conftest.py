"""Servers that set the traps: raw sockets, so that what is on the wire is exactly what a test says."""

from __future__ import annotations

import json
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

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


class TrapServer:
    """Runs ``script`` for every request; keeps what it was sent."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.talks: list[Talk] = []
        self.connections = 0
        self._open: list[socket.socket] = []
        self.tls: ssl.SSLContext | None = None
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            threading.Thread(target=self._serve, args=(sock,), daemon=True).start()

    def _serve(self, sock: socket.socket) -> None:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
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
                    data += sock.recv(65536)
                talk = Talk(sock, head, data[:length], len(self.talks))
                data = data[length:]
                if head.startswith(b"POST"):
                    self.talks.append(talk)
                    self.script(talk)
                else:
                    talk.raw(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                if not talk.keep:
                    return
        except OSError:
            pass
        finally:
            sock.close()

    def stop(self) -> None:
        self._listener.close()
        for sock in self._open:
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
