"""What HTTP allows, and more; and the RAG API's own events."""

import json
import time
from typing import Any

from stream_services.service import CHUNKED, DONE, HELLO, PAUSE_S, STOP, good, headers, linger, scripted, send

good("a-coding-that-is-none", "the Vercel AI SDK's streams", *HELLO, STOP, DONE,
     extra=f"Content-Encoding: none\r\n{CHUNKED}")  # fmt: skip
good("a-length-beside-chunks", "a proxy that adds one: RFC 9112, 6.3 has the chunks win", *HELLO, STOP, DONE,
     extra=f"Content-Length: 17\r\n{CHUNKED}")  # fmt: skip


def padded(talk: Any, after: bytes) -> None:
    """Each chunk's size with something behind it."""
    for piece in (*HELLO, STOP):
        time.sleep(PAUSE_S)
        data = b"data: %b\n\n" % json.dumps(piece).encode()
        talk.raw(b"%x%b\r\n%b\r\n" % (len(data), after, data))


@scripted()
def blanks_after_a_chunks_size(talk: Any) -> None:
    """Old servers."""
    headers(talk)
    padded(talk, b"  ")
    talk.done()


@scripted()
def hints_extensions_and_trailers(talk: Any) -> None:
    """What HTTP has beside an answer: early hints, a chunk's extension, fields after the last chunk."""
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=UTF-8\r\nTrailer: X\r\n"
    talk.raw(early + head + CHUNKED.encode() + b"\r\n")
    padded(talk, b';sig="a;b"')
    talk.raw(b"0\r\nX: 1\r\nContent-Encoding: gzip\r\n\r\n")


QUOTA = '{"code":429,"message":"out of quota"}'
NO_QUOTA = "HTTP 200 with an error and no events (application/json) out of quota"


@scripted(row=True, outcome="http_error", error=NO_QUOTA)
def no_quota_left(talk: Any) -> None:
    headers(talk, f"Content-Length: {len(QUOTA)}\r\n", "application/json")
    talk.raw(QUOTA.encode())


@scripted(outcome="http_error", error=NO_QUOTA)
def no_quota_left_and_no_end(talk: Any) -> None:
    """On a connection that stays open and with no length."""
    headers(talk, "", "application/json")
    talk.raw(QUOTA.encode())
    linger(talk)


@scripted(row=True, outcome="http_error", error="HTTP 503 no healthy upstream")
def a_refusal_without_a_length(talk: Any) -> None:
    headers(talk, "", "text/plain", "503 Service Unavailable")
    talk.raw(b"no healthy upstream")
    linger(talk)


@scripted(outcome="truncated", error="not HTTP: it switches protocols")
def another_protocol(talk: Any) -> None:
    """A WebSocket's endpoint."""
    talk.raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    linger(talk)


@scripted(outcome="truncated", error="not HTTP: Expected HTTP/, RTSP/ or ICE/")
def not_http(talk: Any) -> None:
    """Something else listens there: the parser's own reason is given."""
    talk.raw(b"SSH-2.0-OpenSSH_9.2\r\n")
    talk.close()


@scripted(dialect="ask", generated=1, first=2)
def thoughts_of_a_rag_service(talk: Any) -> None:
    """A RAG API that tells its model's thoughts, and names its events."""
    headers(talk)
    for kind, content in (("status", ""), ("thinking", "Hm"), ("token", "Hello"), ("token", " there")):
        event = json.dumps({"type": kind, "content": content}).encode()
        send(talk, b"event: %b\ndata: %b\n\n" % (kind.encode(), event))
    send(talk, {"type": "complete", "documents": []}, DONE)
    talk.done()
