"""Streams with what services do oddly mixed in: ours equals a slow reader that takes no short way."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.client.http import ConnectionLost, Reply
from loadgen.tasks.ask.dialects import dialect
from loadgen.tasks.ask.reading import AnswerExchange, AnswerReading

Pieces = list[tuple[int, bytes]]
FAILED = {"abort", "error", "cancelled"}
OWN = {
    "openai": {"", "message", "error"},
    "ask": {"", "message", "error", "status", "documents", "token", "complete", "end", "clear_response"},
}


# -- the reference: each byte with its date, each line, each event, each field


def events(pieces: Pieces, whole: bool) -> Iterator[tuple[str, str, int]]:
    """(name, data, when its last byte came) of each event."""
    came = [at for at, piece in pieces for _ in piece]
    text = b"".join(piece for _, piece in pieces)
    ends, line, lines = [], 0, []
    for place in range(len(text)):
        if text[place] == 13 or (text[place] == 10 and text[place - 1 : place] != b"\r"):
            lines.append((text[line:place], came[place]))
        if text[place] in (10, 13):
            line = place + 1
    if whole:  # the last needs no end
        lines.append((text[line:], came[-1] if came else 0))
    name, data = "", []
    for raw, at in [*lines, (b"", came[-1] if came else 0)] if whole else lines:
        field, _, value = raw.decode("utf-8", "replace").partition(":")
        value = value.removeprefix(" ")
        if not raw:
            if data:
                ends.append((name, "\n".join(data), at))
            name, data = "", []
        elif field == "data":
            data.append(value)
        elif field == "event":
            name = value.strip()
        elif (field == "error" and value.strip()) or (field == '{"error"' and value != "null}"):
            ends.append(("error", "bare", at))
    yield from ends


def read(kind: str, pieces: Pieces, whole: bool) -> tuple[str, int, int | None, int | None]:
    """(outcome, tokens, first token, first of any kind) of an answer of this dialect."""
    tokens, first, generated, count = 0, None, None, None
    error = ended = finished = thoughts = False
    for name, data, at in events(pieces, whole):
        ours = kind == "openai" and ('"choices"' in data or data.startswith("[DONE]"))
        if ended or (name not in OWN[kind] and not ours) or not data or data.startswith(":"):
            continue
        error |= name == "error"
        if data == "bare":
            continue
        if data == "[DONE]":
            ended |= kind == "openai"
            continue
        event = json.loads(data)
        if kind == "ask":
            text = event.get("content") if event["type"] == "token" else ""
            thought = event.get("content") if event["type"] == "thinking" else ""
            ended |= event["type"] == "complete"
            error |= event["type"] == "error"
            if event["type"] == "clear_response":
                tokens, first = 0, None
        else:
            error |= bool(event.get("error"))
            choice = (event.get("choices") or [{}])[0]
            said = choice.get("delta", {})
            text = said.get("content") or said.get("refusal") or ""
            thought = said.get("reasoning") or said.get("reasoning_content")
            reason = (choice.get("finish_reason") or "").lower()
            error |= reason in FAILED
            finished |= bool(reason)
            usage = event.get("usage")
            count = (usage["completion_tokens"] or count) if usage else count
        if text:
            tokens, first = tokens + 1, first or at
        thoughts |= bool(thought)
        if text or thought:
            generated = generated or at
    good = not error and (ended or (whole and finished))
    count = tokens if count is None or not tokens <= count <= 20 * tokens or thoughts else count
    return ("ok" if good else "stream_error" if error else "truncated"), count, first, generated


# -- ours


def ours(kind: str, pieces: Pieces, whole: bool) -> tuple[str, int, int | None, int | None]:
    exchange, reply = AnswerExchange(sent_ns=0), Reply()
    reading = AnswerReading(exchange, dialect(kind))
    reply.expect()
    reply.feed(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    reading.headers(reply, 1)
    for at_ns, piece in pieces:
        if piece and not reading.over:
            reading.body(reply.feed(b"%x\r\n%b\r\n" % (len(piece), piece)), at_ns)
    reading.finish(None if whole or reading.over else ConnectionLost("cut"))
    answer = exchange.answer
    return exchange.outcome, answer.token_count[0], answer.first_token_ns, answer.first_generated_ns


# -- streams

TEXTS = st.sampled_from(["a", "", '"', "\\", "\n", "\r", "é", "\u2028", "data: ", "[DONE]", "}\n\n", "0"])
NONE = st.none()


def chunk(finish: Any = None, **fields: Any) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": fields, "finish_reason": finish}]}


def openai() -> st.SearchStrategy[tuple[str, Any]]:
    reasons = st.sampled_from([None, "", "stop", "length", "abort", "CANCELLED", "who_knows"])
    text = st.builds(lambda said, why: chunk(why, content=said), TEXTS, NONE | reasons)
    odd = st.one_of(
        st.builds(lambda said: chunk(reasoning=said), TEXTS),
        st.builds(lambda said: chunk(content="", reasoning_content=said), TEXTS),
        st.builds(lambda said: chunk(refusal=said), TEXTS),
        st.builds(chunk, reasons),
        st.builds(lambda n: {"choices": [], "usage": {"completion_tokens": n}}, st.integers(0, 9)),
        st.just({"choices": [], "usage": None}),
        st.sampled_from([{"error": {"message": "no"}}, {"error": None}, {}, {"object": "ping"}]),
        st.sampled_from(["[DONE]", ": keep-alive"]),
    )
    return st.tuples(st.just(""), st.one_of(text, text, text, odd))


def ask() -> st.SearchStrategy[tuple[str, Any]]:
    text = st.builds(lambda said: {"type": "token", "content": said}, TEXTS)
    kinds = st.sampled_from(["status", "documents", "complete", "end", "clear_response", "error", "thinking"])
    odd = st.builds(lambda kind, said: {"type": kind, "content": said}, kinds, TEXTS)
    return st.tuples(st.just(""), st.one_of(text, text, text, odd))


FOREIGN = st.sampled_from(
    [
        *(("ping", "12:00"), ("message", {"type": "x"}), ("heartbeat", {}), ("x", "[DONE]")),
        *(("progress", {"status": "error", "message": "x"}), ("chunk", chunk(content="a"))),
    ]
)
BARE = ['error: {"code": 400}', '{"error": {"message": "no"}}', "error:", '{"detail": 1}', '{"error": null}']
"""Lines that are no field, two of them an error."""


@st.composite
def streams(draw: st.DrawFn, event: st.SearchStrategy[tuple[str, Any]]) -> Pieces:
    """Events in one of the ways of writing them, cut anywhere."""
    end, space = draw(st.sampled_from(["\n", "\r\n", "\r"])), draw(st.sampled_from(["", " "]))
    written = []
    for name, data in draw(st.lists(event | FOREIGN, max_size=12)):
        text = data if isinstance(data, str) else json.dumps(data, ensure_ascii=draw(st.booleans()))
        lines = [f"event:{space}{name}"] if name else draw(st.sampled_from([[], [], [": hm"], ["id: 7"]]))
        if isinstance(data, dict) and draw(st.integers(0, 9)) == 0:
            lines += [f"data:{space}{line}" for line in json.dumps(data, indent=1).split("\n")]
        else:
            lines.append(f"data:{space}{text}")
        if draw(st.integers(0, 19)) == 0:
            lines = [draw(st.sampled_from(BARE)), ""][: draw(st.integers(1, 2))] + lines
        written.append(end.join([*lines, "", ""]))
    stream = "".join(written).encode()
    if draw(st.integers(0, 5)) == 0:
        stream = stream.removesuffix(end.encode())  # the last event has no blank line
    places = sorted(draw(st.lists(st.integers(0, len(stream)), max_size=6)))
    cuts = zip([0, *places], [*places, len(stream)], strict=True)
    return [(10 + number, stream[a:b]) for number, (a, b) in enumerate(cuts)]


@pytest.mark.parametrize(("kind", "event"), [("openai", openai), ("ask", ask)])
def test_as_the_slow_reader_reads_it(kind: str, event: Callable[[], Any]) -> None:
    @given(pieces=streams(event()), whole=st.booleans())
    def same(pieces: Pieces, whole: bool) -> None:
        expected = read(kind, pieces, whole)
        found = ours(kind, pieces, whole)
        if found[0] == "http_error":  # no event that its dialect knows
            assert expected[0] != "ok"
            assert expected[1:] == (0, None, None)
        else:
            assert found == expected

    same()
