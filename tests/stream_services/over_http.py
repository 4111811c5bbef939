"""What HTTP allows, and more; and the RAG API's own events."""

import json
import time
from typing import Any

from stream_services.service import CHUNKED, DONE, HELLO, PAUSE_S, STOP, headers, linger, send, service, whole


@service(tokens=2, generated=0, first=0)
def a_coding_that_is_none(talk: Any) -> None:
    """The Vercel AI SDK sends ``Content-Encoding: none`` with every stream."""
    whole(talk, *HELLO, STOP, DONE, extra=f"Content-Encoding: none\r\n{CHUNKED}")


@service(tokens=2, generated=0, first=0)
def a_length_beside_chunks(talk: Any) -> None:
    """A proxy that adds one: RFC 9112, 6.3 has the chunks win."""
    whole(talk, *HELLO, STOP, DONE, extra=f"Content-Length: 17\r\n{CHUNKED}")


@service(tokens=2, generated=0, first=0)
def blanks_after_a_chunks_size(talk: Any) -> None:
    """Old servers pad the size of a chunk."""
    headers(talk)
    for piece in (*HELLO, STOP):
        time.sleep(PAUSE_S)
        data = b"data: %b\n\n" % json.dumps(piece).encode()
        talk.raw(b"%x  \r\n%b\r\n" % (len(data), data))
    talk.done()


@service(
    row=True,
    outcome="http_error",
    error='HTTP 200 without events (application/json) {"code":429,"message":"out of quota"}',
)
def no_quota_left(talk: Any) -> None:
    """HTTP 200 with an error for its body."""
    body = b'{"code":429,"message":"out of quota"}'
    headers(talk, f"Content-Length: {len(body)}\r\n", "application/json")
    talk.raw(body)


@service(
    outcome="http_error",
    error='HTTP 200 without events (application/json) {"code":429,"message":"out of quota"}',
)
def no_quota_left_and_no_end(talk: Any) -> None:
    """The same, on a connection that stays open and with no length."""
    headers(talk, "", "application/json")
    talk.raw(b'{"code":429,"message":"out of quota"}')
    linger(talk)


@service(row=True, outcome="http_error", error="HTTP 503 no healthy upstream")
def a_refusal_without_a_length(talk: Any) -> None:
    """A gateway that keeps the connection open and says no length."""
    headers(talk, "", "text/plain", "503 Service Unavailable")
    talk.raw(b"no healthy upstream")
    linger(talk)


@service(tokens=2, generated=0, first=0)
def hints_extensions_and_trailers(talk: Any) -> None:
    """What HTTP has beside an answer: early hints, a chunk's extension, fields after the last chunk."""
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n"
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream;charset=UTF-8\r\nTrailer: X\r\n"
    talk.raw(early + head + CHUNKED.encode() + b"\r\n")
    for piece in (*HELLO, STOP):
        time.sleep(PAUSE_S)
        data = b"data: %b\n\n" % json.dumps(piece).encode()
        talk.raw(b'%x;sig="a;b"\r\n%b\r\n' % (len(data), data))
    talk.raw(b"0\r\nX: 1\r\nContent-Encoding: gzip\r\n\r\n")


@service(outcome="truncated", error="not HTTP: it switches protocols")
def another_protocol(talk: Any) -> None:
    """A WebSocket's endpoint."""
    talk.raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n")
    linger(talk)


@service(outcome="truncated", error="not HTTP: Expected HTTP/, RTSP/ or ICE/")
def not_http(talk: Any) -> None:
    """Something else listens there: the parser's own reason is given."""
    talk.raw(b"SSH-2.0-OpenSSH_9.2\r\n")
    talk.close()


@service(dialect="ask", tokens=2, generated=1, first=2)
def thoughts_of_a_rag_service(talk: Any) -> None:
    """A RAG API that tells its model's thoughts, and names its events."""
    headers(talk)
    for kind, content in (("status", ""), ("thinking", "Hm"), ("token", "Hello"), ("token", " there")):
        event = json.dumps({"type": kind, "content": content}).encode()
        send(talk, b"event: %b\ndata: %b\n\n" % (kind.encode(), event))
    send(talk, {"type": "complete", "documents": []}, DONE)
    talk.done()
