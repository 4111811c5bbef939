"""Faults that are a matter of time: who waits, for what, and who has to answer all the same."""

import socket
import time
from typing import Any

import pytest

from fault_times import CLOCK_NS, DIALECTS, ITL_NS, MS, STALL_NS, TOKENS, TTFT_NS, gaps
from mocks.faults.dialects import PATHS
from mocks.http_connection import now_ns


def test_stall_stops_in_mid_stream(serve: Any) -> None:
    half, longest = TOKENS // 2, []
    for reading, truth in serve("stall").few(2):
        between = gaps(truth["token_events_at_ns"])
        longest.append(between.index(max(between)))
        after_ns = truth["token_events_at_ns"][half] - truth["received_at_ns"]
        assert after_ns >= TTFT_NS + half * ITL_NS + STALL_NS - CLOCK_NS
        assert reading.end == "whole"
    assert half - 1 in longest  # a busy machine may stand still for longer in one of them


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
    assert (truth["outcome"], truth["tokens"]) == ("cancelled", TOKENS // 2)


def test_slow_close_ends_the_answer_long_before_the_stream(serve: Any) -> None:
    reading, truth = serve("slow-close").once()
    for closed_ns in (reading.packets[-1][0], truth["closed_at_ns"]):
        assert closed_ns - truth["ended_at_ns"] >= STALL_NS - CLOCK_NS
    assert b"complete" not in reading.packets[-1][1]


@pytest.mark.parametrize(("name", "tokens"), [("empty", 0), ("one-token", 1)])
def test_few_tokens(serve: Any, name: str, tokens: int) -> None:
    _, truth = serve(name).once()
    assert (truth["tokens"], truth["first_token_at_ns"] is None) == (tokens, tokens == 0)


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
    assert (reading.status, reading.body) == (302, b"")
    assert b"location: /elsewhere" in reading.head


def test_slow_headers_are_slow(serve: Any) -> None:
    _, truth = serve("slow-headers").once()
    assert truth["headers_at_ns"] - truth["received_at_ns"] >= STALL_NS - CLOCK_NS
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
    served = serve("each-fifth", ttft_ms=20, stall_s=2)
    client = served.connect()
    for _ in range(6):
        client.ask()
    headers_ns = [truth["headers_at_ns"] - truth["received_at_ns"] for truth in served.truths(6)]
    assert headers_ns[4] >= 2000 * MS - CLOCK_NS > max(headers_ns[:4] + headers_ns[5:])


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
    path = PATHS[dialect]
    refused = [
        (b"POST " + path, b"{", 400), (b"POST " + path, b"{}", 400), (b"GET " + path, b"", 405),
        (b"GET /config", b"", 404), (b"POST /elsewhere", b"{}", 404), (b"GET /health", b"", 200),
    ]  # fmt: skip
    for line, body, status in refused:
        client.send_raw(line, body)
        assert client.read().status == status
    assert client.ask().status == 200
    truths = served.truths(3)
    assert [truth["status"] for truth in truths] == [400, 400, 200]
    assert [truth["outcome"] for truth in truths] == ["http_error", "http_error", "ok"]
    nonsense = served.connect()
    nonsense.socket.sendall(b"\x16\x03\x01 nonsense\r\n\r\n")
    assert nonsense.read().raw == b""
    assert client.ask().status == 200


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
