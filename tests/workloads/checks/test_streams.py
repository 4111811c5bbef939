"""Checks that look inside the answers: each trips where it should, and nowhere else."""

from dataclasses import replace
from typing import Any

import pytest

from records.cells.cell import Check, Window
from records.cells.flags import CUT_EVENT, LATE
from records.cells.request import COMPRESSED, RequestRecord
from workloads.checks import streams
from workloads.checks.buffering import buffering
from workloads.checks.facts import Facts

STAGES = {"embed": {"queued_ms": 5.0, "running_ms": 15.0}, "llm": {"queued_ms": 0.0, "running_ms": 100.0}}
LUMPS = [10] * 20 + [160_000] + [0] * 30
AT_ONCE = [0] * 40
STEADY = [5_000] * 40


def _facts(*requests: RequestRecord) -> Facts:
    return Facts(requests=requests, window=Window(start_ns=0, end_ns=10**18))


def _answer(
    seq: int = 0, *, gaps_us: list[int] = STEADY, ttft_ms: float = 125.0, headers_ms: float = 2.0, **more: Any
) -> RequestRecord:
    """Sent at ``seq`` seconds; headers, first token and gaps after it."""
    sent = seq * 1_000_000_000
    first, headers = sent + round(ttft_ms * 1e6), sent + round(headers_ms * 1e6)
    last = first + sum(gaps_us) * 1000
    base = RequestRecord(
        run="r", cell="c", worker="w", region="", user=0, seq=seq, sent_at_ns=sent, headers_at_ns=headers,
        first_event_at_ns=headers, first_token_at_ns=first, last_token_at_ns=last, ended_at_ns=last,
        outcome="ok", tokens=len(gaps_us) + 1, gaps_us=gaps_us, stages=STAGES, question=f"q{seq}",
    )  # fmt: skip
    return replace(base, **more)


def _told(check: Check) -> tuple[str, Any]:
    return check.status, check.figure


LATE_LUMPS: dict[str, Any] = {"gaps_us": LUMPS, "ttft_ms": 400.0, "headers_ms": 399.5}
HELD: dict[str, Any] = {"gaps_us": AT_ONCE, "ttft_ms": 400.0, "headers_ms": 400.0}
NO_STAGES: dict[str, Any] = {"stages": None}


def _wrote(for_ms: float) -> dict[str, Any]:
    return {"values": {"written_ms": for_ms}}


@pytest.mark.parametrize(("changes", "status", "said"), [
    # 120 ms at the server, 400 at the client, headers and tokens in one lump, one request at a time
    (LATE_LUMPS, "fail", "in lumps, the headers with the first one, as through"),
    (HELD, "n/a", "280 ms later than the stages took"),
    ({"gaps_us": AT_ONCE, "ttft_ms": 500.0, "headers_ms": 25.0}, "n/a", ""),
    (LATE_LUMPS | NO_STAGES, "fail", "the headers with the first one"),
    (LATE_LUMPS | {"headers_ms": 25.0}, "n/a", "the first one 280 ms later than the stages took"),
    (LATE_LUMPS | NO_STAGES | {"headers_ms": 25.0}, "n/a", "in lumps: it cannot be told whether"),
    # the lumps come within 160 ms; the server wrote for as long, or for longer
    (LATE_LUMPS | _wrote(161), "pass", ""), (LATE_LUMPS | _wrote(209), "pass", ""),
    (LATE_LUMPS | _wrote(212), "fail", ", 52 ms after the service wrote the first one, as through"),
    (HELD | _wrote(300), "fail", "300 ms after the service wrote the first one"),
    (HELD | _wrote(0), "pass", ""),
    # in the midst of a line; the server's own word counts for more
    (
        LATE_LUMPS | {"flags": [CUT_EVENT]}, "fail",
        "cut in the midst of a line, as through a proxy that buffers",
    ),
    (LATE_LUMPS | NO_STAGES | {"flags": [CUT_EVENT]}, "fail", "ask the service itself"),
    (LATE_LUMPS | _wrote(161) | {"flags": [CUT_EVENT]}, "pass", ""),
    ({"flags": [CUT_EVENT]}, "pass", ""), ({}, "pass", ""),
    # a saturated server: late, and in lumps
    ({"gaps_us": LUMPS, "ttft_ms": 420.0, "headers_ms": 300.0}, "n/a", "is blocked now and then"),
    # the server itself bundles: its first token was ready when the client saw it
    ({"gaps_us": LUMPS, "ttft_ms": 123.0, "headers_ms": 122.9}, "pass", ""),
    ({"gaps_us": LUMPS, "ttft_ms": 169.0}, "pass", ""), ({"gaps_us": LUMPS, "ttft_ms": 171.0}, "n/a", ""),
    # a step that is no stage, and a busy loop that sends several tokens a turn
    ({"gaps_us": [0, 0, 0, 30_000] * 6, "ttft_ms": 370.0, "headers_ms": 22.0}, "n/a", "blocked now and then"),
    # two tokens now and then
    (HELD | NO_STAGES | {"gaps_us": [0, 20_000, 20_000] * 10}, "pass", ""),
    # Nobody can say whose lumps they are: of speculative decoding, a scheduler's steps, a proxy's flushes;
    # the first token may come alone.
    *((HELD | NO_STAGES | {"gaps_us": gaps}, "n/a", "ITL is that of the lumps")
      for gaps in ([0, 0, 0, 0, 20_000] * 10, ([0] * 7 + [60_000]) * 6, [60_000, *LUMPS])),
    (HELD | NO_STAGES, "n/a", "the service does not stream, or a proxy buffers whole answers"),
    (HELD | {"flags": ["mock-answer"]}, "n/a", "too few"), (HELD | {"flags": [LATE]}, "n/a", "too few"),
    (HELD | {"gaps_us": [0] * 6}, "n/a", "too few"),
])  # fmt: skip
def test_buffering(changes: dict[str, Any], status: str, said: str) -> None:
    check = buffering(_facts(*(_answer(n, **changes) for n in range(20))))
    assert (check.status, said in check.text) == (status, True), check.text
    assert buffering(_facts(*(_answer(n, **changes) for n in range(3)))).status == "n/a"


def test_a_few_lumpy_answers_among_steady_ones_pass() -> None:
    answers = [_answer(n, **LATE_LUMPS, flags=[CUT_EVENT]) if n < 8 else _answer(n) for n in range(20)]
    assert _told(buffering(_facts(*answers))) == ("pass", 0.4)


@pytest.mark.parametrize(("whole", "status", "said"), [
    (8, "n/a", "in 40 % of the answers the tokens came all at once"),
    (2, "pass", "held back on their way; of 2 more it is not known"),
])  # fmt: skip
def test_answers_that_cannot_be_judged_are_not_said_to_have_streamed(
    whole: int, status: str, said: str
) -> None:
    answers = [_answer(n, **HELD | NO_STAGES if n < whole else NO_STAGES) for n in range(20)]
    check = buffering(_facts(*answers))
    assert (check.status, said in check.text) == (status, True), check.text


def test_times_in_order_pass_and_what_did_not_happen_is_no_time() -> None:
    none = {"first_event_at_ns": None, "first_token_at_ns": None, "last_token_at_ns": None}
    assert streams.clock_order(_facts(_answer(due_at_ns=0), _answer(1, **none))).status == "pass"
    assert streams.clock_order(_facts()).status == "n/a"


@pytest.mark.parametrize(("changes", "says"), [
    ({"due_at_ns": 5_000_000_001}, "sent before due"),
    ({"headers_at_ns": 4_999_999_999}, "headers before sent"),
    ({"first_event_at_ns": 5_000_000_001}, "first event before headers"),
    ({"first_token_at_ns": 5_000_000_001}, "first token before first event"),
    ({"last_token_at_ns": 5_000_000_001}, "last token before first token"),
    ({"ended_at_ns": 5_000_000_001}, "ended before last token"),
    ({"headers_at_ns": None, "first_event_at_ns": 1}, "first event before sent"),
])  # fmt: skip
def test_one_time_out_of_order_fails(changes: dict[str, Any], says: str) -> None:
    check = streams.clock_order(_facts(_answer(), _answer(5, **changes)))
    assert _told(check) == ("fail", 1)
    assert says in check.text
    assert "seq 5" in check.text


@pytest.mark.parametrize(("ttft_ms", "impossible", "status"), [
    (125.0, 0, "pass"), (119.0, 200, "pass"), (60.0, 1, "pass"), (60.0, 5, "fail"),
])  # fmt: skip
def test_stages_longer_than_the_answer_took_are_impossible(
    ttft_ms: float, impossible: int, status: str
) -> None:
    answers = [_answer(n, ttft_ms=ttft_ms if n < impossible else 125.0) for n in range(200)]
    check = streams.stage_times(_facts(*answers))
    assert check.status == status
    assert status == "pass" or check.figure == 0.025
    # since sending, not since it was due
    late = [replace(one, due_at_ns=one.sent_at_ns - 500_000_000) for one in answers]
    assert streams.stage_times(_facts(*late)).status == status
    assert streams.stage_times(_facts(_answer(stages=None))).status == "n/a"


def test_one_compressed_answer_is_named() -> None:
    squeezed = _answer(1, outcome="stream_error", error=f"{COMPRESSED} (gzip) though identity was asked for")
    assert _told(streams.compressed(_facts(_answer(), squeezed))) == ("fail", 1)
    assert streams.compressed(_facts(_answer())).status == "pass"
    assert streams.compressed(_facts()).status == "n/a"


def _asked(again_ms: float, scale: float = 1.0) -> list[RequestRecord]:
    """Each new question takes 200 to 219 ms; asked again ``again_ms`` more or less; both kinds all along."""
    records, seen = [], set()
    for n in range(200):
        question = f"q{n // 2 % 100}" if n % 2 else f"q{n * 7 // 2 % 100}"
        ttft = again_ms + n % 5 if question in seen else 200.0 + n % 20
        seen.add(question)
        records.append(_answer(n, ttft_ms=ttft * scale, question=question, stages=None))
    return records


def _begun(questions: int, warmup: int, **more: Any) -> list[RequestRecord]:
    """So many questions over and over, of which the first answers are the warm-up's."""
    flags = [["warmup"] if n < warmup else [] for n in range(200)]
    return [
        _answer(n, question=f"q{n % questions}", flags=flags[n], **{"ttft_ms": 80.0 + n % 5, **more})
        for n in range(200)
    ]


SLOW_START = [_answer(n, question=f"q{n % 20}", ttft_ms=900.0 if n < 20 else 90.0) for n in range(200)]


@pytest.mark.parametrize(("requests", "status", "said"), [
    (_asked(20.0), "fail", "asked before"), (_asked(20.0, 0.01), "fail", ""),
    # half a millisecond and a tenth of it: a service that gets warm
    (_asked(20.0, 0.0025), "pass", ""), (_asked(190.0), "pass", ""),
    (_begun(1, 5), "n/a", "195 of 195 answers"),
    # twenty questions, all first asked at the slow start, then asked again by a service that is warm
    (SLOW_START, "n/a", "median TTFT 90.0 ms again, 900.0 ms the first time: a cache, or a slow start"),
    (_begun(12, 0), "pass", ""), (_begun(12, 6), "pass", ""), (_begun(12, 9), "n/a", ""),  # three: not enough
    ([_answer(n) for n in range(50)], "pass", ""),  # asked once
])  # fmt: skip
def test_a_cache_is_seen_and_nothing_is_taken_for_one(
    requests: list[RequestRecord], status: str, said: str
) -> None:
    check = streams.cached(_facts(*requests))
    assert (check.status, said in check.text) == (status, True), check.text


def test_a_cache_of_answers_that_begin_no_sooner_is_seen_by_their_end() -> None:
    """As one of the LLM's, behind a slow retrieval."""
    made = _asked(190.0)
    seen: set[str] = set()
    for r in made:
        r.ended_at_ns = (r.first_token_at_ns or 0) + (5_000_000 if r.question in seen else 900_000_000)
        seen.add(r.question)
    check = streams.cached(_facts(*made))
    assert (check.status, "median E2E" in check.text) == ("fail", True), check.text


def test_chance_is_no_cache() -> None:
    """Latencies from 1 to 1000 ms whatever was asked: the medians of a few differ by more than two."""
    firsts = [_answer(2 * n, question=f"q{n}", ttft_ms=1.0 + 97 * n) for n in range(10)]
    again = [_answer(2 * n - 1, question=f"q{n - 1}", ttft_ms=1.0 + 43 * n) for n in range(1, 10)]
    again.append(_answer(17, question="q0", ttft_ms=2.0, user=1))
    check = streams.cached(_facts(*firsts, *again))
    assert check.status == "pass"
    assert isinstance(check.figure, float)
    assert check.figure < 0.5
