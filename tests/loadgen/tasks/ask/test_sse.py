"""The event parser: any cutting of the bytes gives the same events (TRAPS 4, 5)."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.tasks.ask import sse
from loadgen.tasks.ask.sse import SseParser


def parse(pieces: list[bytes]) -> list[bytes]:
    parser = SseParser()
    events = [event for piece in pieces for event in parser.feed(piece)]
    return events + parser.close()


@pytest.mark.parametrize(("stream", "events"), [
    (b"data: a\n\ndata: b\n\n", [b"a", b"b"]), (b"data: a\r\n\r\ndata: b\r\n\r\n", [b"a", b"b"]),
    (b"data: a\r\rdata: b\r\r", [b"a", b"b"]), (b"data:a\n\n", [b"a"]), (b"data:  a\n\n", [b" a"]),
    (b"data: a\ndata: b\n\n", [b"a\nb"]), (b": keep-alive\n\ndata: a\n\n", [b"a"]),
    (b"event: x\nid: 7\nretry: 10\ndata: a\n\n", [b"a"]), (b"\xef\xbb\xbfdata: a\n\n", [b"a"]),
    ("data: a\u2028b\u0085c\n\n".encode(), ["a\u2028b\u0085c".encode()]), (b"data: [DONE]\n\n", [b"[DONE]"]),
    (b"data: a\n\ndata: last", [b"a", b"last"]), (b"data: a\n\ndata: last\n", [b"a", b"last"]),
    (b"data\n\n", [b""]), (b"datax: no\n\n", []), (b"", []), (b"\xef\xbb", []),
])  # fmt: skip
def test_events_of_the_format(stream: bytes, events: list[bytes]) -> None:
    assert parse([stream]) == events
    assert parse([stream[i : i + 1] for i in range(len(stream))]) == events


PARTS = st.sampled_from([
    b"data: ", b"data:", b"data", b"\n", b"\r", b"\r\n", b"\n\n", b"x", b":", b" ", b"\xef\xbb\xbf",
    "\u00e9\u2028\U0001f600\u0085".encode(), b"event: e", b"id: 1", b'{"a":1}',
])  # fmt: skip


@given(st.lists(PARTS, max_size=40), st.lists(st.integers(0, 200), max_size=20))
def test_any_cutting_gives_the_same_events(parts: list[bytes], cuts: list[int]) -> None:
    stream = b"".join(parts)
    places = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    pieces = [stream[a:b] for a, b in pairwise(places)]
    assert parse(pieces) == parse([stream])


LETTERS = st.characters(exclude_characters="\r\n", exclude_categories=["Cs"])


@given(st.lists(st.text(alphabet=LETTERS, min_size=1)))
def test_what_is_framed_comes_back(texts: list[str]) -> None:
    stream = b"".join(b"data: " + text.encode() + b"\n\n" for text in texts)
    assert parse([stream]) == [text.encode() for text in texts]


def test_an_event_is_given_out_when_its_blank_line_is_there_even_with_cr() -> None:
    parser = SseParser()
    assert parser.feed(b"data: a\r\r") == [b"a"]
    assert parser.feed(b"\ndata: b\r\n\r") == [b"b"]
    assert parser.feed(b"\n") == []


def test_an_event_that_comes_byte_by_byte_is_put_together_once() -> None:
    """Else its time would grow by the square of its length."""
    parser = SseParser()
    for _ in range(100):
        parser.feed(b"x")
    assert parser._line == [b"x"] * 100
    assert parser.feed(b"\n\n") == []
    assert parser._line == []


@pytest.mark.parametrize("piece", [b"data: xxxxxxxx", b"data: x\n"])
def test_an_event_without_an_end_is_an_error_and_is_not_held(
    monkeypatch: pytest.MonkeyPatch, piece: bytes
) -> None:
    monkeypatch.setattr(sse, "MOST_BYTES", 1000)
    parser = SseParser()
    fed = [payload for _ in range(300) for payload in parser.feed(piece)]
    assert fed
    assert parser.error == fed[0]
    assert parser.error.startswith(b"an event of more than")
    assert sum(map(len, [*parser._line, *parser._data])) <= 1100


def test_an_event_counts_once_in_however_many_pieces_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MOST_BYTES", 100)
    parser = SseParser()
    for _ in range(5):
        pieces = [b": a comment\nda", b"ta: ", *[b"x" * 9] * 9, b"\n", b"\n"]
        assert [payload for piece in pieces for payload in parser.feed(piece)] == [b"x" * 81]
    assert parser.error is None


def test_many_events_are_not_one_that_is_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sse, "MOST_BYTES", 100)
    parser = SseParser()
    for _ in range(100):
        assert parser.feed(b"data: a") + parser.feed(b"b\n\n: ping") + parser.feed(b"\n\n") == [b"ab"]
    assert parser.error is None
