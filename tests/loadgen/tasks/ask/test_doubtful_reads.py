"""Of bytes that waited in a queue the last one's date is known: is it the event's (TRAPS 12)?"""

import json

import pytest

from loadgen.client.http import Reply
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import AnswerExchange, AnswerReading

TOKEN = b"data: %b\n\n" % json.dumps({"choices": [{"delta": {"content": "word"}}]}).encode()
STOP = b"data: %b\n\n" % json.dumps({"choices": [{"delta": {}, "finish_reason": "stop"}]}).encode()
DONE = b"data: [DONE]\n\n"
SINCE_NS, AT_NS = 5_000_000, 50_000_000


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def in_doubt(read: bytes, *before: bytes, stamped: bool = True) -> AnswerExchange:
    """An exchange whose last read is in doubt, after others that are not."""
    exchange, reply = AnswerExchange(sent_ns=1), Reply()
    reading = AnswerReading(exchange, dialect("openai"))
    reply.expect()
    reply.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    reading.headers(reply, 2)
    for number, one in enumerate(before, start=3):
        reading.body(reply.feed(one), number)
    reading.doubt(AT_NS, SINCE_NS, read if stamped else b"")
    if body := reply.feed(read):
        reading.body(body, AT_NS)
    return exchange


@pytest.mark.parametrize(
    ("read", "before"),
    [
        (chunk(TOKEN), ()),
        (chunk(TOKEN)[:-2], ()),  # the chunk's own end is still to come
        (chunk(TOKEN.replace(b"\n", b"\r\n")), ()),
        (chunk(TOKEN[20:]), (chunk(TOKEN[:20]),)),
        (chunk(b": ping\n" + TOKEN), ()),
        (chunk(DONE), (chunk(TOKEN), chunk(STOP))),
    ],
)
def test_the_end_of_what_was_read_is_the_events(read: bytes, before: tuple[bytes, ...]) -> None:
    assert not in_doubt(read, *before).doubt.of_dates
    assert in_doubt(read, *before, stamped=False).doubt.of_dates == {AT_NS: AT_NS - SINCE_NS}


BEHIND = [
    chunk(b": ping\n\n"), chunk(b": ping\n"), chunk(b"event: ping\ndata: {}\n\n"), chunk(b"event: ping\n"),
    chunk(b"data:\n\n"), chunk(b"\n"), chunk(DONE), chunk(TOKEN),
    b"0\r\n\r\n", b"5a\r\n",  # the last chunk; the size of the next one
]  # fmt: skip


@pytest.mark.parametrize(("read", "before"), [
    *((chunk(TOKEN.replace(b"\n", end)) + behind, ()) for behind in BEHIND for end in (b"\n", b"\r\n")),
    *((chunk(DONE) + behind, (chunk(TOKEN), chunk(STOP))) for behind in (chunk(b": bye\n\n"), b"0\r\n\r\n")),
    (chunk(b"\n" + TOKEN), (chunk(TOKEN[:-1]),)),  # the blank line that was missing may have come long before
])  # fmt: skip
def test_something_else_ends_what_was_read(read: bytes, before: tuple[bytes, ...]) -> None:
    exchange = in_doubt(read, *before)
    assert AT_NS in (exchange.answer.last_token_ns, exchange.answer.ended_ns)
    assert exchange.doubt.of_dates == {AT_NS: AT_NS - SINCE_NS}
