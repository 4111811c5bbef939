"""TLS servers of which a test has each byte in its hand."""

import contextlib
import socket
import ssl
import time
from collections.abc import Callable

from support import Listener

LIMIT_S = 60.0
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
TOKEN = b'data: {"type":"token","content":"word "}\n\n'
COMPLETE = b'data: {"type":"complete","final_answer":"x"}\n\n'
PAUSE_S = 0.15


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
