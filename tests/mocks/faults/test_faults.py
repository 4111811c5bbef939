"""Each fault is really there, in the bytes and their times, and the record tells what was read."""

import re
import zlib
from typing import Any

import pytest

from fault_times import CLOCK_NS, DIALECTS, ITL_NS, LATE_NS, MS, TOKENS, TTFT_NS
from mocks.faults import catalogue

NOT_OK = {"truncated": "truncated", "cut": "truncated", "error-200": "stream_error", "redirect": "http_error"}
PAIRS = [
    (name, dialect)
    for name in catalogue.FAULTS
    for dialect in DIALECTS
    if (dialect == "ask" or name not in catalogue.ASK_ONLY) and name != "small-events"  # it takes long
]
TRIES = 10
MOMENTS = ("received", "headers", "first_event", "first_token", "last_token", "ended", "closed")


@pytest.mark.parametrize(("name", "dialect"), PAIRS)
def test_the_record_is_what_was_read(serve: Any, name: str, dialect: str) -> None:
    reading, truth = serve(name, dialect).once()
    assert (truth["fault"], truth["request"], truth["connection"]) == (name, 1, 1)
    assert (truth["outcome"], truth["status"]) == (NOT_OK.get(name, "ok"), reading.status)
    moments = [truth[f"{moment}_at_ns"] for moment in MOMENTS]
    known = [moment for moment in moments if moment is not None]
    assert known == sorted(known)
    assert reading.packets[0][0] >= truth["headers_at_ns"]  # server and client share a process and its clock
    if name == "gzip":
        return
    events, answer = reading.events, reading.answer
    assert truth["events"] == len([event for event in events if event.payload != b"[DONE]"])
    assert truth["tokens"] == len("".join(event.text for event in answer).split())
    for event, sent_ns in zip(answer, truth["token_events_at_ns"], strict=True):
        assert 0 <= event.at_ns - sent_ns < LATE_NS
    if answer:
        assert truth["first_token_at_ns"] == truth["token_events_at_ns"][0]
        assert truth["last_token_at_ns"] == truth["token_events_at_ns"][-1]
    whole = any(b'"complete"' in event.payload or event.payload == b"[DONE]" for event in events)
    assert whole == (truth["outcome"] == "ok" or (name, dialect) == ("error-200", "openai"))
    assert (truth["ended_at_ns"] is not None) == (truth["outcome"] in ("ok", "stream_error"))


def test_healthy_sends_each_token_by_itself_when_it_is_due(serve: Any) -> None:
    few = serve("healthy").few()
    for _, truth in few:
        for place, sent_ns in enumerate(truth["token_events_at_ns"]):
            assert -CLOCK_NS <= sent_ns - truth["received_at_ns"] - TTFT_NS - place * ITL_NS < LATE_NS
    assert min(truth["headers_at_ns"] - truth["received_at_ns"] for _, truth in few) < TTFT_NS
    reading, truth = few[0]
    assert (reading.end, truth["restarts"]) == ("whole", 0)
    documents = next(event.json for event in reading.events if event.json["type"] == "documents")
    assert documents["count"] == len(documents["data"]) == 5


def test_a_connection_is_kept_and_counted(serve: Any) -> None:
    served = serve("healthy")
    first = served.connect()
    asked = [first.ask(), first.ask(), served.connect().ask(use_rag=False)]
    assert [reading.status for reading in asked] == [200] * 3
    truths = served.truths(3)
    assert [(truth["request"], truth["connection"]) for truth in truths] == [(1, 1), (2, 1), (3, 2)]


@pytest.mark.parametrize("name", ["role-first", "status-first"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_first_event_is_long_before_the_first_token(serve: Any, name: str, dialect: str) -> None:
    few = serve(name, dialect, ttft_ms=300).few()
    assert max(truth["first_token_at_ns"] - truth["first_event_at_ns"] for _, truth in few) > 200 * MS
    early = [[one for one in r.events if one.at_ns < r.answer[0].at_ns] for r, _ in few]
    before = max(early, key=len)  # a client that gets no CPU reads some of them with the token
    assert before
    assert not any(event.text for events in early for event in events)
    if name == "role-first":
        looks = b'"content":""' if dialect == "openai" else b'"type":"token"'
        assert any(looks in event.payload for event in before)


def test_bundled_puts_several_events_in_a_packet(serve: Any) -> None:
    reading, truth = serve("bundled").once()
    packets = [data for _, data in reading.packets if b'"type":"token"' in data]
    assert max(data.count(b"\n\n") for data in packets) >= 4
    stamps = truth["token_events_at_ns"]
    assert len(set(stamps[:4])) == len(set(stamps[4:])) == 1
    assert stamps[4] > stamps[3]


def test_multi_token_puts_several_tokens_in_an_event(serve: Any) -> None:
    reading, truth = serve("multi-token", "openai").once()
    assert len(reading.answer) == 2
    assert reading.events[-2].json["usage"]["completion_tokens"] == truth["tokens"] == TOKENS


def test_split_utf8_ends_packets_in_mid_character(serve: Any) -> None:
    served, seen = serve("split-utf8", itl_ms=50), list[tuple[int, int]]()
    for _ in range(TRIES):  # a client that gets no CPU reads both halves at once
        reading = served.connect().ask()
        assert all(event.text.endswith("\N{WHALE}") for event in reading.answer)
        broken = chunks = 0
        for _, data in reading.packets:
            try:
                data.decode()
            except UnicodeDecodeError:
                broken += 1
                size = re.match(rb"([0-9a-f]+)\r\n", data)
                chunks += size is not None and len(data) != size.end() + int(size[1], 16) + 2
        seen.append((broken, chunks))
        if broken >= TOKENS and chunks >= TOKENS // 2:  # the HTTP chunk too is not whole in its packet
            return
    raise AssertionError(f"not once in {TRIES} tries: {seen}")


@pytest.mark.parametrize("dialect", DIALECTS)
@pytest.mark.parametrize(("name", "there", "nowhere"), [
    ("crlf", rb"\r\n\r\n", rb"(?<!\r)\n"), ("cr", rb"\r\r", rb"\n"), ("no-space", rb"data:\{", rb"data: "),
    ("separators", "\u2028\u2029\u0085".encode(), rb"\\u20"), ("no-blank-end", rb"data: ", rb"\n\Z"),
])  # fmt: skip
def test_a_stream_has_the_form_of_its_name(
    serve: Any, name: str, dialect: str, there: bytes, nowhere: bytes
) -> None:
    reading, _ = serve(name, dialect).once()
    assert len(re.findall(there, reading.body)) >= TOKENS
    assert not re.search(nowhere, reading.body)
    assert any(b"[DONE]" in event.payload or b'"complete"' in event.payload for event in reading.events[-2:])


@pytest.mark.parametrize("dialect", DIALECTS)
def test_fields_uses_all_that_the_format_has(serve: Any, dialect: str) -> None:
    reading, _ = serve("fields", dialect).once()
    assert reading.body.startswith(b"\xef\xbb\xbf")
    assert reading.body.count(b"\xef\xbb\xbf") == 1
    assert {b"event", b"id", b"retry", b"other"} <= set(re.findall(rb"\n(\w+): ", reading.body))
    assert reading.body.count(b"data: ") > len(reading.events)


def test_comments_come_before_the_first_token(serve: Any) -> None:
    few = serve("comments").few()
    before_ns = []
    for reading, _ in few:
        assert reading.body.startswith(b": keep-alive\n\n")
        comment_ns = next(at_ns for at_ns, data in reading.packets if b": keep-alive" in data)
        before_ns.append(reading.events[0].at_ns - comment_ns)
    assert max(before_ns) > 0  # a client that gets no CPU reads both at once
    assert max(truth["first_event_at_ns"] - truth["headers_at_ns"] for _, truth in few) > TTFT_NS / 2


def test_gzip_compresses_though_identity_was_asked_for(serve: Any) -> None:
    reading, truth = serve("gzip").once()
    assert b"content-encoding: gzip" in reading.head
    plain = zlib.decompressobj(wbits=31)
    text = plain.decompress(reading.body)
    assert plain.eof
    assert text.count(b"\n\n") == truth["events"]
    assert text.count(b'"type":"token"') == truth["tokens"] == TOKENS


def test_connection_close_ends_only_with_the_connection(serve: Any) -> None:
    reading, _ = serve("connection-close").once()
    assert reading.end == "eof"
    assert b"connection: close" in reading.head
    assert not re.search(b"transfer-encoding|content-length", reading.head)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_small_events_are_those_of_trap_1(serve: Any, dialect: str) -> None:
    reading, truth = serve("small-events", dialect).once()
    assert [len(frame) + 2 for frame in reading.body.split(b"\n\n")[:20]] == [50] * 20
    assert len(reading.answer) == truth["tokens"] == 20
    for place, sent_ns in enumerate(truth["token_events_at_ns"]):
        assert -CLOCK_NS <= sent_ns - truth["received_at_ns"] - (place + 1) * 100 * MS < LATE_NS


@pytest.mark.parametrize(("name", "dialect", "end"), [
    ("truncated", "ask", "whole"), ("truncated", "openai", "whole"), ("cut", "ask", "reset"),
])  # fmt: skip
def test_half_an_answer_has_no_terminal_event(serve: Any, name: str, dialect: str, end: str) -> None:
    reading, truth = serve(name, dialect).once()
    assert reading.end == end
    assert truth["tokens"] == len(reading.answer) == TOKENS // 2
    assert reading.events[-1].text


@pytest.mark.parametrize("dialect", DIALECTS)
def test_error_200_is_200_and_an_error(serve: Any, dialect: str) -> None:
    reading, truth = serve("error-200", dialect).once()
    assert (reading.status, truth["tokens"]) == (200, TOKENS // 2)
    error, end = reading.events[-2:]
    assert "error" in (error.json if dialect == "openai" else error.json["type"])
    assert end.payload in (b"[DONE]", b'{"type":"end"}')


def test_restart_begins_the_answer_again(serve: Any) -> None:
    reading, truth = serve("restart").once()
    kinds = [event.json["type"] for event in reading.events]
    assert kinds.count("token") == TOKENS // 2 + TOKENS
    assert kinds[: kinds.index("clear_response")].count("token") == TOKENS // 2
    assert (truth["restarts"], truth["tokens"]) == (1, TOKENS)
    before_ns = TTFT_NS + (TOKENS // 2 - 1) * ITL_NS
    assert truth["first_token_at_ns"] - truth["received_at_ns"] >= before_ns + TTFT_NS - 2 * CLOCK_NS
