"""Counting tokens by their form gives what decoding every event gives, however the stream is cut."""

import json
from collections.abc import Callable, Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.ask_events import fold_ask
from loadgen.tasks.ask.events import EventStream
from loadgen.tasks.ask.openai_chunks import fold_openai
from loadgen.tasks.ask.sse import SseParser

NASTY = [
    *("a", '"', "\\", "\n", "\r", "é", "\u2028", "\u0085", "content", "token", ": ", '", "', "}", "data: "),
    *("<think>", "</think>", "</", "think>", "0"),
]
pieces = st.sampled_from(NASTY) | st.text(st.characters(exclude_categories=["Cs"]), max_size=4)
texts = st.lists(st.lists(pieces, max_size=3).map("".join), max_size=30)


def decoded(stream: bytes, fold: Callable[..., Any]) -> Answer:
    """Every event taken apart: what must come out."""
    answer, parser = Answer(), SseParser()
    for payload in [*parser.feed(stream), *parser.close()]:
        fold(answer, payload, 5)
    return answer


def counted(pieces: Iterable[bytes], fold: Callable[..., Any]) -> Answer:
    answer = Answer()
    stream = EventStream(answer, fold)
    for piece in pieces:
        stream.feed(piece, 5)
    stream.close()
    return answer


def abort(stream: bytes, places: list[int]) -> list[bytes]:
    at = sorted(place % (len(stream) + 1) for place in places)
    return [stream[a:b] for a, b in zip([0, *at], [*at, len(stream)], strict=True)]


def same(one: Answer, other: Answer) -> None:
    assert vars(one) | {"begin": ""} == vars(other) | {"begin": ""}
    assert one.mocked == other.mocked


def written(event: dict[str, Any], style: str) -> str:
    return json.dumps(event, ensure_ascii=style != "raw", separators=(",", ":") if style == "tight" else None)


def ask_token(text: str, number: int, style: str) -> str:
    event: dict[str, Any] = {"type": "token", "content": text}
    if style == "turned":
        event = {"content": text, "type": "token", "ignored": None}
    if style == "changing":
        event["partial_answer"] = text * number
    if style == "sometimes" and number % 3 == 1:
        event["more"] = "said"
    return written(event, style)


def openai_token(text: str, number: int, style: str) -> str:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    event: dict[str, Any] = {"id": "chatcmpl-1", "model": "content", "choices": [choice]}
    if style == "turned":
        event = {"choices": [{"delta": {"role": "assistant", "content": text}}], "id": "x"}
    if style == "changing":
        event["usage"] = {"completion_tokens": number}
    if style == "sometimes" and number % 3 == 1:
        event["choices"].append(choice | {"index": 1})
    return written(event, style)


STYLES = ["plain", "turned", "changing", "sometimes", "tight", "raw"]
ENDS = ["\n", "\r\n", "\r"]
OTHERS: dict[str, list[str]] = {
    "ask": ['{"type":"status","message":"x"}', '{"type":"clear_response"}', '{"type":"documents","count":2}'],
    "openai": ['{"choices":[]}', '{"choices":[{"delta":{}}]}', '{"choices":[{"delta":{"content":""}}]}'],
}


@given(
    texts=texts,
    style=st.sampled_from(STYLES),
    end=st.sampled_from(ENDS),
    dialect=st.sampled_from(["ask", "openai"]),
    between=st.dictionaries(st.integers(0, 30), st.integers(0, 5)),
    places=st.lists(st.integers(0, 100_000), max_size=12),
)
def test_any_stream_cut_anywhere_gives_the_same_answer(
    texts: list[str], style: str, end: str, dialect: str, between: dict[int, int], places: list[int]
) -> None:
    make, fold = (ask_token, fold_ask) if dialect == "ask" else (openai_token, fold_openai)
    frames = []
    for number, text in enumerate(texts):
        extra = between.get(number)
        if extra is not None and extra < 3:
            frames.append(f"data: {OTHERS[dialect][extra]}{end}{end}")
        elif extra is not None:
            frames.append([f": a comment{end}{end}", f"id: 7{end}", f"event: x{end}{end}"][extra - 3])
        space = "" if style == "tight" else " "
        frames.append(f"data:{space}{make(text, number, style)}{end}{end}")
    stream = "".join(frames).encode()
    same(counted(abort(stream, places), fold), decoded(stream, fold))


@given(stream=st.binary(max_size=300), places=st.lists(st.integers(0, 300), max_size=5))
def test_nonsense_does_no_harm(stream: bytes, places: list[int]) -> None:
    for fold in (fold_ask, fold_openai):
        counted(abort(stream, places), fold)


@pytest.mark.parametrize("dialect", ["ask", "openai"])
def test_after_the_first_token_nothing_plain_is_decoded(dialect: str) -> None:
    make, fold = (ask_token, fold_ask) if dialect == "ask" else (openai_token, fold_openai)
    seen = []

    def spy(answer: Answer, payload: bytes, at_ns: int) -> str | None:
        seen.append(payload)
        return fold(answer, payload, at_ns)

    stream = "".join(f"data: {make(f'word{n} ', n, 'plain')}\n\n" for n in range(100)).encode()
    answer = counted([stream], spy)
    assert (answer.tokens, answer.events, len(seen)) == (100, 100, 1)
    assert answer.gaps_us == [0] * 99
    assert counted([stream[:-1], stream[-1:]], fold).tokens == 100


@pytest.mark.parametrize(("data", "said"), [
    (b'{"message": "upstream LLM died", "code": 502}', "upstream LLM died"),
    (b'{"error": {"message": "no credit"}}', "no credit"), (b'{"error": "down"}', "down"),
    (b"plain words", "plain words"),
])  # fmt: skip
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_an_event_named_error_is_one_whatever_it_holds(data: bytes, said: str, step: int) -> None:
    chunk = b'data: {"choices": [{"delta": {"content": "x"}}]}\n\n'
    stream = chunk * 3 + b"event: error\ndata: " + data + b"\n\n" + b"data: [DONE]\n\n"
    found = counted([stream[k : k + step] for k in range(0, len(stream), step)], fold_openai)
    assert (found.error, found.tokens) == (said, 3)
    named = counted([stream.replace(b"event: error", b"event: note")], fold_openai)
    assert named.error != said or b'"error"' in data  # which is an error by what it holds


def test_what_stands_between_the_text_and_the_end_is_looked_at() -> None:
    """Such an event begins and ends as a token's does."""
    plain = b'data: {"id": "c", "choices": [{"index": 0, "text": " w"}]}\n\n'
    failed = plain.replace(b'" w"', b'" w", "finish_reason": "error"')
    found = counted([plain * 5 + failed + plain * 2], fold_openai)
    assert (found.error, found.tokens) == ("finish_reason is error", 8)


@pytest.mark.parametrize("text", [b"\\ud83d", b"\xf0\x9f", b"a\tb"], ids=["surrogate", "half", "tab"])
@pytest.mark.parametrize("place", [0, 1, 4])
@pytest.mark.parametrize("step", [1, 11, 1000])
def test_a_text_that_is_not_json_to_the_letter_is_a_token_wherever_it_stands(
    text: bytes, place: int, step: int
) -> None:
    plain = b'data: {"type": "token", "content": "w"}\n\n'
    events = [plain] * 5
    events[place] = plain.replace(b'"w"', b'"' + text + b'"')
    stream = b"".join([*events, b'data: {"type": "complete"}\n\n'])
    found = counted([stream[k : k + step] for k in range(0, len(stream), step)], fold_ask)
    assert (found.tokens, found.events, found.error) == (5, 6, None)
    assert found.ended_ns is not None


@pytest.mark.parametrize(("odd", "tokens", "broken"), [
    (b'data: {"type": "token", "content": "a\nb"}\n\n', 4, True),
    (b'data: {"type": "token", "content": "a\rb"}\n\n', 4, True),
    (b'\xef\xbb\xbfdata: {"type": "token", "content": "a"}\n\n', 4, False),  # a field that nobody knows
])  # fmt: skip
@pytest.mark.parametrize("place", [1, 3])
def test_what_breaks_an_event_does_so_in_whatever_pieces_it_comes(
    odd: bytes, tokens: int, broken: bool, place: int
) -> None:
    events = [b'data: {"type": "token", "content": "w"}\n\n'] * 4
    events.insert(place, odd)
    stream = b"".join(events)
    for pieces in (events, [stream], [stream[k : k + 1] for k in range(len(stream))]):
        found = counted(pieces, fold_ask)
        assert (found.tokens, found.error is not None) == (tokens, broken)


def test_what_a_record_keeps_of_a_text_is_unicode() -> None:
    stream = b'data: {"type": "error", "message": "no \\ud83d", "x": "\xff"}\n\ndata: {"type": NaN}\n\n'
    found = counted([stream], fold_ask)
    assert (found.error, found.events) == ("no ?", 2)


@pytest.mark.parametrize("count", [b"9" * 5000, b"1e400", b"-1e400", b"NaN", b"-5"])
def test_a_count_that_nobody_can_hold_is_none_and_the_answer_good(count: bytes) -> None:
    token = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
    usage = b'data: {"choices":[],"usage":{"completion_tokens":%b}}\n\n' % count
    found = counted([token * 3 + usage + b"data: [DONE]\n\n"], fold_openai)
    assert (found.error, found.token_count) == (None, (3, "events"))


def test_no_answer_holds_as_many_tokens_as_a_service_may_say() -> None:
    """Though it tells them from its thoughts: no record of them would be believed."""
    token = b'data: {"choices":[{"delta":{"content":"x"}}]}\n\n'
    for count, told in ((10**8, (10**8 - 1, "usage")), (10**8 + 1, (3, "events"))):
        details = b'"completion_tokens_details":{"reasoning_tokens":1}'
        usage = b'data: {"choices":[],"usage":{"completion_tokens":%d,%b}}\n\n' % (count, details)
        found = counted([token * 3 + usage + b"data: [DONE]\n\n"], fold_openai)
        assert (found.error, found.token_count) == (None, told)


def test_gaps_are_between_arrivals() -> None:
    answer = Answer()
    stream = EventStream(answer, fold_ask)
    frames = [f"data: {ask_token(f'w{n}', n, 'plain')}\n\n".encode() for n in range(5)]
    pieces = [frames[0], frames[1], frames[2] + frames[3], frames[4][:9], frames[4][9:]]
    for piece, at_us in zip(pieces, (1000, 3000, 3500, 4000, 4200), strict=True):
        stream.feed(piece, at_us * 1000)
    assert answer.gaps_us == [2000, 500, 0, 700]
    assert (answer.first_token_ns, answer.last_token_ns) == (1_000_000, 4_200_000)
