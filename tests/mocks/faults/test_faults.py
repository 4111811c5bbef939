"""Each fault is really there, in the bytes and their times, and the record tells what was read."""

from __future__ import annotations

import itertools
import re
import socket
import time
import zlib
from pathlib import Path
from typing import Any

import pytest

from mocks.faults import catalogue
from mocks.http_connection import now_ns

MS = 1_000_000
TTFT_NS = 60 * MS
ITL_NS = 10 * MS
TOKENS = 8
STALL_NS = 400 * MS
CLOCK_NS = MS // 10  # a timer may fire by its clock's resolution before it is due
LATE_NS = 10_000 * MS  # whatever other work the machine has; a time in another unit or clock is far beyond
DIALECTS = ("ask", "openai")
NOT_OK = {
    "truncated": "truncated",
    "cut": "truncated",
    "error-200": "stream_error",
    "redirect": "http_error",
}
PAIRS = [
    (name, dialect)
    for name in catalogue.FAULTS
    for dialect in DIALECTS
    if dialect == "ask" or name not in catalogue.ASK_ONLY
]


def gaps(times: list[int]) -> list[int]:
    return [after - before for before, after in itertools.pairwise(times)]


@pytest.mark.parametrize(("name", "dialect"), PAIRS)
def test_the_record_is_what_was_read(serve: Any, name: str, dialect: str) -> None:
    reading, truth = serve(name, dialect).once()
    assert (truth["fault"], truth["request"], truth["connection"]) == (name, 1, 1)
    assert truth["outcome"] == NOT_OK.get(name, "ok")
    assert truth["status"] == reading.status
    moments = [
        truth[f"{moment}_at_ns"]
        for moment in ("received", "headers", "first_event", "first_token", "last_token", "ended", "closed")
    ]
    known = [moment for moment in moments if moment is not None]
    assert known == sorted(known)
    assert reading.packets[0][0] >= truth["headers_at_ns"]  # server and client share a process and its clock
    if name == "gzip":
        return
    events, answer = reading.events, reading.answer
    assert truth["events"] == len([event for event in events if event.payload != b"[DONE]"])
    assert truth["tokens"] == len("".join(event.text for event in answer).split())
    assert len(truth["token_events_at_ns"]) == len(answer)
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
        due = [truth["received_at_ns"] + TTFT_NS + place * ITL_NS for place in range(TOKENS)]
        for sent_ns, due_ns in zip(truth["token_events_at_ns"], due, strict=True):
            assert -CLOCK_NS <= sent_ns - due_ns < LATE_NS
    assert min(truth["headers_at_ns"] - truth["received_at_ns"] for _, truth in few) < TTFT_NS
    reading, truth = few[0]
    assert reading.end == "whole"
    assert truth["restarts"] == 0
    documents = next(event.json for event in reading.events if event.json["type"] == "documents")
    assert documents["count"] == len(documents["data"]) == 5


def test_a_connection_is_kept_and_counted(serve: Any) -> None:
    served = serve("healthy")
    first = served.connect()
    assert [first.ask().status, first.ask().status] == [200, 200]
    assert served.connect().ask(use_rag=False).status == 200
    truths = served.truths(3)
    assert [truth["connection"] for truth in truths] == [1, 1, 2]
    assert [truth["request"] for truth in truths] == [1, 2, 3]


@pytest.mark.parametrize("name", ["role-first", "status-first"])
@pytest.mark.parametrize("dialect", DIALECTS)
def test_the_first_event_is_long_before_the_first_token(serve: Any, name: str, dialect: str) -> None:
    few = serve(name, dialect, ttft_ms=300).few()
    assert max(truth["first_token_at_ns"] - truth["first_event_at_ns"] for _, truth in few) > 200 * MS
    reading, _ = few[0]
    assert reading.answer[0].at_ns > reading.events[0].at_ns
    before = [event for event in reading.events if event.at_ns < reading.answer[0].at_ns]
    assert all(not event.text for event in before)
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
    usage = reading.events[-2].json["usage"]
    assert usage["completion_tokens"] == truth["tokens"] == TOKENS


def test_split_utf8_ends_packets_in_mid_character(serve: Any) -> None:
    reading, _ = serve("split-utf8", itl_ms=50).once()
    broken = chunks = 0
    for _, data in reading.packets:
        try:
            data.decode()
        except UnicodeDecodeError:
            broken += 1
            size = re.match(rb"([0-9a-f]+)\r\n", data)
            chunks += size is not None and len(data) != size.end() + int(size[1], 16) + 2
    assert broken >= TOKENS
    assert chunks >= TOKENS // 2  # the HTTP chunk too is not whole in its packet
    assert all(event.text.endswith("\N{WHALE}") for event in reading.answer)


@pytest.mark.parametrize("dialect", DIALECTS)
def test_lines_end_in_other_ways(serve: Any, dialect: str) -> None:
    crlf = serve("crlf", dialect).once()[0].body
    assert crlf.count(b"\r\n\r\n") == crlf.count(b"data: ")
    assert not re.search(rb"(?<!\r)\n", crlf)
    cr = serve("cr", dialect).once()[0].body
    assert cr.count(b"\r\r") == cr.count(b"data: ")
    assert b"\n" not in cr


def test_no_space_has_none(serve: Any) -> None:
    body = serve("no-space").once()[0].body
    assert b"data:{" in body
    assert b"data: " not in body


def test_comments_come_before_the_first_token(serve: Any) -> None:
    few = serve("comments").few()
    reading, _ = few[0]
    assert reading.body.startswith(b": keep-alive\n\n")
    comment_ns = next(at_ns for at_ns, data in reading.packets if b": keep-alive" in data)
    assert comment_ns < reading.events[0].at_ns
    assert max(truth["first_event_at_ns"] - truth["headers_at_ns"] for _, truth in few) > TTFT_NS / 2


@pytest.mark.parametrize("dialect", DIALECTS)
def test_fields_uses_all_that_the_format_has(serve: Any, dialect: str) -> None:
    reading, _ = serve("fields", dialect).once()
    assert reading.body.startswith(b"\xef\xbb\xbf")
    assert reading.body.count(b"\xef\xbb\xbf") == 1
    for line in (b"\nevent: ", b"\nid: ", b"\nretry: ", b"\nother: "):
        assert line in reading.body
    assert reading.body.count(b"data: ") > len(reading.events)


def test_separators_are_raw_and_end_no_line(serve: Any) -> None:
    reading, _ = serve("separators").once()
    assert reading.body.count("\u2028\u2029\u0085".encode()) >= TOKENS
    assert len(reading.body.decode().splitlines()) > reading.body.count(b"\n")


@pytest.mark.parametrize("dialect", DIALECTS)
def test_no_blank_end_ends_with_the_terminal_event(serve: Any, dialect: str) -> None:
    reading, _ = serve("no-blank-end", dialect).once()
    assert reading.body.endswith(b"}" if dialect == "ask" else b"data: [DONE]")
    last = reading.events[-1]
    assert last.payload == b"[DONE]" or last.json["type"] == "complete"


def test_gzip_compresses_though_identity_was_asked_for(serve: Any) -> None:
    reading, truth = serve("gzip").once()
    assert b"content-encoding: gzip" in reading.head
    assert b"data: " not in reading.body
    plain = zlib.decompressobj(wbits=31)
    text = plain.decompress(reading.body)
    assert plain.eof
    assert text.count(b"\n\n") == truth["events"]
    assert text.count(b'"type":"token"') == truth["tokens"] == TOKENS


def test_connection_close_ends_only_with_the_connection(serve: Any) -> None:
    reading, _ = serve("connection-close").once()
    assert b"connection: close" in reading.head
    assert b"transfer-encoding" not in reading.head
    assert b"content-length" not in reading.head
    assert reading.end == "eof"


@pytest.mark.parametrize("dialect", DIALECTS)
def test_small_events_are_those_of_trap_1(serve: Any, dialect: str) -> None:
    reading, truth = serve("small-events", dialect).once()
    frames = reading.body.split(b"\n\n")
    assert [len(frame) + 2 for frame in frames[:20]] == [50] * 20
    assert len(reading.answer) == truth["tokens"] == 20
    for place, sent_ns in enumerate(truth["token_events_at_ns"]):
        late_ns = sent_ns - truth["received_at_ns"] - (place + 1) * 100 * MS
        assert -CLOCK_NS <= late_ns < LATE_NS


@pytest.mark.parametrize("dialect", DIALECTS)
def test_truncated_ends_properly_without_a_terminal_event(serve: Any, dialect: str) -> None:
    reading, truth = serve("truncated", dialect).once()
    assert reading.end == "whole"
    assert truth["tokens"] == len(reading.answer) == TOKENS // 2
    assert reading.events[-1].text


def test_cut_resets_the_connection(serve: Any) -> None:
    reading, truth = serve("cut").once()
    assert reading.end == "reset"
    assert truth["tokens"] == len(reading.answer) == TOKENS // 2


@pytest.mark.parametrize("dialect", DIALECTS)
def test_error_200_is_200_and_an_error(serve: Any, dialect: str) -> None:
    reading, truth = serve("error-200", dialect).once()
    assert reading.status == 200
    error, end = reading.events[-2:]
    assert "error" in (error.json if dialect == "openai" else error.json["type"])
    assert end.payload in (b"[DONE]", b'{"type":"end"}')
    assert truth["tokens"] == TOKENS // 2


def test_restart_begins_the_answer_again(serve: Any) -> None:
    reading, truth = serve("restart").once()
    kinds = [event.json["type"] for event in reading.events]
    assert kinds.count("token") == TOKENS // 2 + TOKENS
    cleared = kinds.index("clear_response")
    assert kinds[:cleared].count("token") == TOKENS // 2
    assert truth["restarts"] == 1
    assert truth["tokens"] == TOKENS
    before_ns = TTFT_NS + (TOKENS // 2 - 1) * ITL_NS
    assert truth["first_token_at_ns"] - truth["received_at_ns"] >= before_ns + TTFT_NS - 2 * CLOCK_NS


def test_stall_stops_in_mid_stream(serve: Any) -> None:
    reading, truth = serve("stall").once()
    between = gaps(truth["token_events_at_ns"])
    assert between.index(max(between)) == TOKENS // 2 - 1
    half = TOKENS // 2
    after_ns = truth["token_events_at_ns"][half] - truth["received_at_ns"]
    assert after_ns >= TTFT_NS + half * ITL_NS + STALL_NS - CLOCK_NS
    assert reading.end == "whole"


def test_stall_for_ever_ends_when_the_client_leaves(serve: Any) -> None:
    served = serve("stall", stall_s=float("inf"))
    client = served.connect()
    client.send()
    came = b""
    while came.count(b'"type":"token"') < TOKENS // 2:
        came += client.socket.recv(65536)
    client.socket.settimeout(0.6)
    with pytest.raises(TimeoutError):
        client.read()
    assert served.record.read_text() == ""
    client.close()
    (truth,) = served.truths(1)
    assert truth["outcome"] == "cancelled"
    assert truth["tokens"] == TOKENS // 2


def test_slow_close_ends_the_answer_long_before_the_stream(serve: Any) -> None:
    reading, truth = serve("slow-close").once()
    assert reading.packets[-1][0] - truth["ended_at_ns"] >= STALL_NS - CLOCK_NS
    assert truth["closed_at_ns"] - truth["ended_at_ns"] >= STALL_NS - CLOCK_NS
    assert reading.packets[-1][1].endswith(b"0\r\n\r\n")
    assert b"complete" not in reading.packets[-1][1]


def test_few_tokens(serve: Any) -> None:
    empty, one = serve("empty").once(), serve("one-token").once()
    assert (len(empty[0].answer), empty[1]["tokens"]) == (0, 0)
    assert empty[1]["first_token_at_ns"] is None
    assert (len(one[0].answer), one[1]["tokens"]) == (1, 1)
    assert one[1]["first_token_at_ns"] == one[1]["last_token_at_ns"]


def test_buffering_delays_the_first_token_and_lumps_the_rest(serve: Any) -> None:
    _, truth = serve("buffering", tokens=100, itl_ms=2, lump_bytes=1500).once()
    stamps = truth["token_events_at_ns"]
    lumps = sorted(set(stamps))
    assert 3 <= len(lumps) <= 5
    assert stamps[0] - truth["received_at_ns"] > TTFT_NS + 20 * 2 * MS
    assert sum(gap == 0 for gap in gaps(stamps)) > 80


def test_a_blocked_loop_bundles_what_is_due_meanwhile(serve: Any) -> None:
    _, truth = serve("blocked-loop", tokens=100, itl_ms=5, every_ms=200).once()
    between = gaps(truth["token_events_at_ns"])
    assert max(between) > 70 * MS
    assert sum(gap < 2.5 * MS for gap in between) > 30


def test_the_first_request_of_all_is_cold(serve: Any) -> None:
    served = serve("cold-first")
    client = served.connect()
    for _ in range(5):
        client.ask()
    cold, *warm = (truth["first_token_at_ns"] - truth["received_at_ns"] for truth in served.truths(5))
    assert cold >= STALL_NS + TTFT_NS - CLOCK_NS
    assert TTFT_NS - CLOCK_NS <= min(warm) < STALL_NS


def test_redirect_points_elsewhere(serve: Any) -> None:
    reading, _ = serve("redirect").once()
    assert reading.status == 302
    assert b"location: /elsewhere" in reading.head
    assert reading.body == b""


def test_slow_headers_are_slow(serve: Any) -> None:
    reading, truth = serve("slow-headers").once()
    assert truth["headers_at_ns"] - truth["received_at_ns"] >= STALL_NS - CLOCK_NS
    assert reading.packets[0][0] >= truth["headers_at_ns"]
    # Each token is due by itself: headers that were late shorten what is left of its time.
    assert truth["first_token_at_ns"] - truth["received_at_ns"] >= STALL_NS + TTFT_NS - CLOCK_NS


def test_cached_answers_at_once_what_was_asked_before(serve: Any) -> None:
    served = serve("cached", ttft_ms=600)
    client = served.connect()
    for query in ("one", "one", "two", "one", "two"):
        client.ask(query=query)
    took = [truth["ended_at_ns"] - truth["received_at_ns"] for truth in served.truths(5)]
    new, again, other, *more = took
    assert min(again, *more) < 600 * MS <= min(new, other) + CLOCK_NS


def test_each_fifth_is_silent_before_its_headers(serve: Any) -> None:
    served = serve("each-fifth", ttft_ms=20, stall_s=3)
    client = served.connect()
    for _ in range(6):
        client.ask()
    headers_ns = [truth["headers_at_ns"] - truth["received_at_ns"] for truth in served.truths(6)]
    assert headers_ns[4] >= 3000 * MS - CLOCK_NS > max(headers_ns[:4] + headers_ns[5:])


def test_stall_server_stalls_all_at_once_and_only_once(serve: Any) -> None:
    served = serve("stall-server", tokens=120, itl_ms=10, stall_at_s=0.7, stall_s=3)
    under_way, late = served.connect(), served.connect()
    under_way.send()
    time.sleep(1)
    late.send()
    under_way.read(), late.read()
    first, second = served.truths(2)
    assert max(gaps(first["token_events_at_ns"])) > 2000 * MS
    over_ns = first["received_at_ns"] + 3700 * MS
    assert second["received_at_ns"] < over_ns  # seen while it stalled
    assert second["headers_at_ns"] >= over_ns - CLOCK_NS
    assert max(gaps(second["token_events_at_ns"])) < 2000 * MS


@pytest.mark.parametrize("dialect", DIALECTS)
def test_what_is_no_question_is_refused_and_the_next_one_served(serve: Any, dialect: str) -> None:
    served = serve("healthy", dialect)
    client = served.connect()
    path = b"/ask/stream" if dialect == "ask" else b"/v1/chat/completions"
    refused = [
        (b"POST " + path, b"{", 400),
        (b"POST " + path, b"{}", 400),
        (b"GET " + path, b"", 405),
        (b"GET /config", b"", 404),
        (b"POST /elsewhere", b"{}", 404),
        (b"GET /health", b"", 200),
    ]
    for line, body, status in refused:
        client.send_raw(line, body)
        assert client.read().status == status
    assert client.ask().status == 200
    truths = served.truths(3)
    assert [truth["outcome"] for truth in truths] == ["http_error", "http_error", "ok"]
    assert truths[0]["status"] == 400


def test_a_client_that_sends_no_http_is_hung_up_on(serve: Any) -> None:
    served = serve("healthy")
    client = served.connect()
    client.socket.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
    assert client.read().raw == b""
    assert served.once()[1]["outcome"] == "ok"


def test_a_reader_that_is_slow_does_not_make_the_record_early(serve: Any) -> None:
    """Bytes that the kernel would not take yet are not told as handed over."""
    served = serve("healthy", "openai", tokens=2000, ttft_ms=0, itl_ms=0)
    client = served.connect()
    client.send(model="m" * 10_000)  # it is said in every chunk: 20 MB, more than any socket's buffers
    while len(client.socket.recv(50_000, socket.MSG_PEEK)) < 50_000:  # past the first token
        time.sleep(0.01)
    time.sleep(0.5)
    began_reading_ns = now_ns()
    tail = b""
    while not tail.endswith(b"\r\n0\r\n\r\n"):
        tail = tail[-10:] + client.socket.recv(1 << 20)
    (truth,) = served.truths(1)
    assert truth["ended_at_ns"] > began_reading_ns
    assert truth["first_token_at_ns"] < began_reading_ns


def test_every_module_with_a_sentence_is_in_the_catalogue() -> None:
    folder = Path(catalogue.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if "\nSENTENCE = " in path.read_text()}
    assert {name.replace("-", "_") for name in catalogue.FAULTS} == modules
    for fault in catalogue.FAULTS.values():
        assert fault.SENTENCE.endswith(".")
        assert "\n" not in fault.SENTENCE
