"""Servers of this process that set traps: raw sockets, so that what is on the wire is what a test says."""

import json
import socket
import ssl
import time
from collections.abc import Callable
from typing import Any

import support

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
            support.end(sock)


def answering(seconds: float = 0.0, extra: dict[str, Any] | None = None) -> Script:
    """A document, so long nothing, and four tokens."""

    def script(talk: Talk) -> None:
        talk.headers()
        talk.event({"type": "status"}, {"type": "documents", "data": [{"id": "a"}], "count": 1})
        time.sleep(seconds)
        tokens = [{"type": "token", "content": "word "}] * 4
        talk.event(*tokens, {"type": "complete", **(extra or {})}, {"type": "end"})
        talk.done()

    return script
