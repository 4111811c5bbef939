"""``python -m benchmarks.stream_server``: streams of known tokens, fast enough to be no client's limit.

One thread, one epoll loop, no framework: each event an HTTP chunk of its own, in either dialect. What
was truly sent, and when, is kept in memory and written when it ends: a JSON line a request. A request's time
is when the kernel had it, an event's just before the kernel is handed it.
"""

from __future__ import annotations

import argparse
import heapq
import itertools
import json
import re
import select
import signal
import socket
import ssl
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from loadgen.client.stamps import STAMP_BYTES, arrived_ns, stamped

HEAD = (
    b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nCache-Control: no-cache\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n"
)
LENGTH = re.compile(rb"(?i)\r\ncontent-length: *(\d+)")
QUESTION = re.compile(rb'"(?:content|query|text)": ?"([^"]*)"')
"""The content of a message, plain or a list of parts: the text of a part."""
LAST = b"0\r\n\r\n"
WORDS = ("time ", "stream ", "of ", "tokens ", "that ", "a ", "model ", "might ", "say ", "here ")


def chunk(payload: str) -> bytes:
    """An event as an HTTP chunk."""
    event = f"data: {payload}\n\n".encode()
    return b"%x\r\n%b\r\n" % (len(event), event)


def delta(number: int, content: dict[str, str], reason: str | None = None) -> str:
    choice = {"index": 0, "delta": content, "finish_reason": reason}
    answer = {
        "id": f"chatcmpl-{number:08d}",
        "object": "chat.completion.chunk",
        "created": 1_700_000_000,
        "model": "bench",
        "choices": [choice],
    }
    return json.dumps(answer)


def openai_frames(number: int, tokens: int) -> list[bytes]:
    """The answer's writes: one a token; the role goes with the first, the end with the last."""
    pieces = [chunk(delta(number, {"content": WORDS[k % len(WORDS)]})) for k in range(tokens)]
    pieces[0] = HEAD + chunk(delta(number, {"role": "assistant", "content": ""})) + pieces[0]
    usage = json.dumps({"choices": [], "usage": {"prompt_tokens": 8, "completion_tokens": tokens}})
    pieces[-1] += chunk(delta(number, {}, "stop")) + chunk(usage) + chunk("[DONE]") + LAST
    return pieces


def ask_frames(number: int, tokens: int) -> list[bytes]:
    """The same in the RAG API's own words."""
    words = [WORDS[k % len(WORDS)] for k in range(tokens)]
    pieces = [chunk(json.dumps({"type": "token", "content": word})) for word in words]
    found = {"type": "documents", "data": [{"id": f"d{number}", "score": 0.5, "snippet": "x"}], "count": 1}
    pieces[0] = (
        HEAD + chunk(json.dumps({"type": "status", "message": "x"})) + chunk(json.dumps(found)) + pieces[0]
    )
    whole = {"type": "complete", "final_answer": "".join(words), "total_time": 0.1, "llm_time": 0.1}
    pieces[-1] += chunk(json.dumps(whole)) + chunk(json.dumps({"type": "end"})) + LAST
    return pieces


FRAMES = {"openai": openai_frames, "ask": ask_frames}


class Tls:
    """The server's side of TLS over a socket that somebody else reads and writes."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._in, self._out = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._in, self._out, server_side=True)
        self._ready = False

    def read(self, data: bytes, sock: socket.socket) -> bytes:
        """What the client says in these bytes; empty until it has shaken hands. Raises OSError."""
        self._in.write(data)
        said = b""
        try:
            if not self._ready:
                self._tls.do_handshake()
                self._ready = True
            while more := self._tls.read(65536):  # nothing: it has said goodbye
                said += more
        except ssl.SSLWantReadError:
            pass
        finally:
            if self._out.pending:
                sock.sendall(self._out.read())
        return said

    def written(self, data: bytes) -> bytes:
        """The bytes that say so."""
        self._tls.write(data)
        return self._out.read()


@dataclass(eq=False)
class Peer:
    """A connection and the answer on its way there."""

    sock: socket.socket
    tls: Tls | None = None
    pending: bytes = b""
    name: str = ""
    received_ns: int = 0
    sent_ns: list[int] = field(default_factory=list)


class Server:
    """``ttft_s`` and ``gap_s`` of 0: an answer leaves in one write. ``stall``: (begin, length) in seconds
    from the first request, in which nothing at all happens."""

    def __init__(
        self,
        *,
        dialect: str,
        tokens: int,
        ttft_s: float,
        gap_s: float,
        stall: tuple[float, float],
        port: int = 0,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self._tls = tls
        self._writes = [FRAMES[dialect](number, tokens) for number in range(64)]
        self._wholes = [b"".join(pieces) for pieces in self._writes]
        self._ttft_ns, self._gap_ns = int(ttft_s * 1e9), int(gap_s * 1e9)
        self._stall = stall
        self._began_ns = 0
        self._numbers = itertools.count()
        self._due: list[tuple[int, int, Peer, list[bytes]]] = []
        self._peers: dict[int, Peer] = {}
        self._poll = select.epoll()
        self._listener = socket.create_server(("127.0.0.1", port), backlog=4096)
        self._poll.register(self._listener.fileno(), select.EPOLLIN)
        self.port = self._listener.getsockname()[1]
        self._records: list[tuple[str, int, list[int]]] = []
        self.stopped = False

    def serve(self) -> None:
        """Until ``stopped``."""
        while not self.stopped:
            wait_s = 0.1
            if self._due:
                wait_s = max(0.0, min(wait_s, (self._due[0][0] - time.monotonic_ns()) / 1e9))
            for fd, _ in self._poll.poll(wait_s):
                if fd == self._listener.fileno():
                    self._accept()
                else:
                    self._read(self._peers[fd])
            self._write_due()

    def _accept(self) -> None:
        sock, _ = self._listener.accept()
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        stamped(sock)
        self._peers[sock.fileno()] = Peer(sock, Tls(self._tls) if self._tls else None)
        self._poll.register(sock.fileno(), select.EPOLLIN)

    def _read(self, peer: Peer) -> None:
        try:
            data, beside, _, _ = peer.sock.recvmsg(65536, STAMP_BYTES)
        except OSError:
            data, beside = b"", []
        received_ns = arrived_ns(beside, 0)
        if peer.tls and data:
            try:
                data = peer.tls.read(data, peer.sock)
            except OSError:
                data = b""
            else:
                if not data:
                    return  # shaking hands
        if not data:
            self._poll.unregister(peer.sock.fileno())
            del self._peers[peer.sock.fileno()]
            peer.sock.close()
            return
        if peer.pending:
            data = peer.pending + data
        blank = data.find(b"\r\n\r\n")
        length = LENGTH.search(data, 0, blank) if blank >= 0 else None
        if blank < 0 or len(data) - blank - 4 < (int(length[1]) if length else 0):
            peer.pending = data
            return
        asked = QUESTION.search(data, blank)
        peer.pending, peer.received_ns, peer.sent_ns = b"", received_ns, []
        peer.name = asked[1].decode() if asked else ""
        if self._stall[1]:
            self._maybe_stall(received_ns)
        pieces = next(self._numbers) % len(self._writes)
        if not self._ttft_ns and not self._gap_ns:
            self._send(peer, [self._wholes[pieces]], 0)
        else:
            self._later(received_ns + self._ttft_ns, peer, self._writes[pieces], 0)

    def _maybe_stall(self, now_ns: int) -> None:
        begin_s, length_s = self._stall
        self._began_ns = self._began_ns or now_ns
        if length_s and now_ns - self._began_ns > begin_s * 1e9:
            self._stall = (0.0, 0.0)
            time.sleep(length_s)

    def _later(self, due_ns: int, peer: Peer, pieces: list[bytes], at: int) -> None:
        heapq.heappush(self._due, (due_ns, id(peer) * 100_000 + at, peer, pieces))

    def _write_due(self) -> None:
        now_ns = time.monotonic_ns()
        while self._due and self._due[0][0] <= now_ns:
            due_ns, key, peer, pieces = heapq.heappop(self._due)
            at = key % 100_000
            if self._send(peer, pieces, at) and at + 1 < len(pieces):
                self._later(due_ns + self._gap_ns, peer, pieces, at + 1)

    def _send(self, peer: Peer, pieces: list[bytes], at: int) -> bool:
        peer.sent_ns.append(time.monotonic_ns())
        try:
            peer.sock.sendall(peer.tls.written(pieces[at]) if peer.tls else pieces[at])
        except OSError:
            return False
        if at + 1 == len(pieces):
            self._records.append((peer.name, peer.received_ns, peer.sent_ns))
        return True

    def records(self) -> Iterator[str]:
        """A JSON line for each whole answer."""
        for name, received_ns, sent_ns in self._records:
            record = {"question": name, "received_ns": received_ns, "sent_ns": sent_ns}
            yield json.dumps({**record, "ttft_ms": (sent_ns[0] - received_ns) / 1e6}) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--dialect", choices=sorted(FRAMES), default="openai")
    parser.add_argument("--tokens", type=int, default=128)
    parser.add_argument("--ttft-ms", type=float, default=0.0)
    parser.add_argument("--itl-ms", type=float, default=0.0)
    parser.add_argument("--stall-at-s", type=float, default=0.0)
    parser.add_argument("--stall-s", type=float, default=0.0)
    parser.add_argument("--tls", nargs=2, metavar=("CERT", "KEY"), help="files; speak TLS")
    parser.add_argument("--record", default="", help="written when the server ends")
    wanted = parser.parse_args()
    tls = None
    if wanted.tls:
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(*wanted.tls)
    server = Server(
        dialect=wanted.dialect,
        tokens=wanted.tokens,
        ttft_s=wanted.ttft_ms / 1e3,
        gap_s=wanted.itl_ms / 1e3,
        stall=(wanted.stall_at_s, wanted.stall_s),
        port=wanted.port,
        tls=tls,
    )

    def stop(*_: object) -> None:
        server.stopped = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    print(f"streams at {'https' if tls else 'http'}://127.0.0.1:{server.port}", flush=True)
    server.serve()
    if wanted.record:
        with open(wanted.record, "w", encoding="utf-8") as file:
            file.writelines(server.records())
    return 0


if __name__ == "__main__":
    sys.exit(main())
