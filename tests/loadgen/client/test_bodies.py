"""Answers of one piece: counted, dated by their last byte, and read as JSON where that is wanted."""

import pytest

from loadgen.client.bodies import BodyExchange, BodyReading, JsonReading
from loadgen.client.http import ConnectionLost, HttpFailure, Reply

MS = 1_000_000
HEAD = b"HTTP/1.1 200 OK\r\ncontent-type: text/html\r\ncontent-length: %d\r\n\r\n"


def read(kind: type[BodyReading], *pieces: bytes, head: bytes = b"", doubtful: int = -1) -> BodyExchange:
    """``pieces`` of a body arrive a millisecond apart. ``doubtful``: the number of one that may have come
    earlier, but for its last byte."""
    exchange, reply = BodyExchange(sent_ns=0), Reply()
    reading = kind(exchange)
    reply.expect()
    reply.feed(head or HEAD % sum(map(len, pieces)))
    reading.headers(reply, MS)
    failure: HttpFailure | None = None
    for number, piece in enumerate(pieces):
        at_ns = (2 + number) * MS
        if number == doubtful:
            reading.doubt(at_ns, at_ns - MS // 2, stamped=True)
        reading.body(reply.feed(piece), at_ns)
    try:
        reply.end_of_connection()
    except ConnectionLost as lost:
        failure = lost
    reading.finish(failure)
    return exchange


def test_bytes_are_counted_and_no_stream_is_looked_for_in_them() -> None:
    exchange = read(BodyReading, b"data: not an event\n\n", b"\xff" * 70_000, b"end")
    assert (exchange.outcome, exchange.error, exchange.size) == ("ok", None, 70_023)
    assert (exchange.first_byte_ns, exchange.ended_ns) == (2 * MS, 4 * MS)


def test_a_body_that_is_not_whole_is_truncated_and_an_empty_one_ends_with_its_headers() -> None:
    exchange = read(BodyReading, b"ab", head=HEAD % 3)
    assert exchange.error == "connection closed in the middle of the answer"
    assert exchange.outcome == "truncated"
    exchange = read(BodyReading)
    assert (exchange.outcome, exchange.size, exchange.ended_ns) == ("ok", 0, MS)


def test_json_is_read_when_it_is_whole() -> None:
    exchange = read(JsonReading, b'{"embeddings":', b"[[0.5]]}")
    assert (exchange.outcome, exchange.json) == ("ok", {"embeddings": [[0.5]]})
    exchange = read(JsonReading, b"<html>Log in 12345</html>")
    assert exchange.outcome == "http_error"
    assert exchange.error == "HTTP 200 without JSON (text/html) <html>Log in N</html>"


@pytest.mark.parametrize(("doubtful", "in_doubt"), [(0, True), (1, False)])
def test_the_first_byte_of_a_read_may_have_come_before_its_stamp(doubtful: int, in_doubt: bool) -> None:
    """The date of the last is the kernel's own."""
    assert bool(read(BodyReading, b"ab", b"cd", doubtful=doubtful).doubt.of_dates) is in_doubt


def test_a_refusal_is_the_same_for_every_kind_of_request() -> None:
    head = b"HTTP/1.1 429 Slow down\r\ncontent-length: 9\r\n\r\n"
    for kind in (BodyReading, JsonReading):
        exchange = read(kind, b"slow down", head=head)
        assert (exchange.outcome, exchange.error) == ("http_error", "HTTP 429 slow down")
    many = b", ".join(
        b'{"loc":["body","f%d"],"type":"missing","input":{"q":"%s"}}' % (n, b"q" * 1500) for n in (1, 2)
    )
    said = b'{"detail":[%s]}' % many
    head = b"HTTP/1.1 422 No\r\ncontent-length: %d\r\n\r\n" % len(said)
    assert read(JsonReading, said[:900], said[900:], head=head).error == "HTTP 422 misses f1, f2"
    packed = b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 2\r\n\r\n"
    assert read(JsonReading, b"\x1f\x8b", head=packed).outcome == "stream_error"
