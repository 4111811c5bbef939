"""Checks that look inside the answers: each trips where it should, and nowhere else."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from records.cells.cell import Check, Window
from records.cells.request import COMPRESSED, RequestRecord
from workloads.checks import streams
from workloads.checks.facts import Facts

EVER = Window(start_ns=0, end_ns=10**18)
STAGES = {"embed": {"queued_ms": 5.0, "running_ms": 15.0}, "llm": {"queued_ms": 0.0, "running_ms": 100.0}}
LUMPS = [10] * 20 + [160_000] + [0] * 30
STEADY = [5_000] * 40


def _facts(requests: Sequence[RequestRecord]) -> Facts:
    return Facts(requests=requests, window=EVER)


def _answer(
    seq: int = 0,
    *,
    gaps_us: list[int] | None = None,
    ttft_ms: float = 125.0,
    headers_ms: float = 2.0,
    **changes: object,
) -> RequestRecord:
    """Sent at ``seq`` seconds; headers, first token and gaps after it."""
    gaps = STEADY if gaps_us is None else gaps_us
    sent = seq * 1_000_000_000
    first = sent + round(ttft_ms * 1e6)
    last = first + sum(gaps) * 1000
    headers = sent + round(headers_ms * 1e6)
    base = RequestRecord(
        run="r", cell="c", worker="w", region="", user=0, seq=seq, sent_at_ns=sent, headers_at_ns=headers,
        first_event_at_ns=headers, first_token_at_ns=first, last_token_at_ns=last, ended_at_ns=last,
        outcome="ok", tokens=len(gaps) + 1, gaps_us=gaps, stages=STAGES, question=f"q{seq}",
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def _judged(make: Callable[[int], RequestRecord], count: int = 20) -> Check:
    return streams.buffering(_facts([make(n) for n in range(count)]))


def test_a_proxy_that_buffers_is_proved_by_the_servers_stages() -> None:
    """120 ms at the server, 400 at the client, headers and tokens in one lump."""
    check = _judged(lambda n: _answer(n, gaps_us=LUMPS, ttft_ms=400.0, headers_ms=399.5))
    assert (check.status, check.figure) == ("fail", 1.0)
    assert "280 ms after the server had the first one" in check.text
    whole = _judged(lambda n: _answer(n, gaps_us=[0] * 40, ttft_ms=400.0, headers_ms=400.0))
    assert whole.status == "fail"


def test_tokens_held_after_headers_and_documents_got_through_are_seen() -> None:
    check = _judged(lambda n: _answer(n, gaps_us=[0] * 40, ttft_ms=500.0, headers_ms=25.0))
    assert check.status == "fail"


def test_a_proxy_that_buffers_is_seen_without_stages() -> None:
    check = _judged(lambda n: _answer(n, gaps_us=LUMPS, ttft_ms=400.0, headers_ms=399.5, stages=None))
    assert check.status == "fail"
    assert "as through a proxy that buffers" in check.text


@pytest.mark.parametrize(
    "changes",
    [
        {},
        # a saturated server: late, and in lumps, but the headers left when its stages began
        {"gaps_us": LUMPS, "ttft_ms": 420.0, "headers_ms": 300.0},
        # a blocked event loop: headers wait for their turn, then the tokens, all at once
        {"gaps_us": [0] * 40, "ttft_ms": 620.0, "headers_ms": 400.0},
        # the server itself bundles: its first token was ready when the client saw it
        {"gaps_us": LUMPS, "ttft_ms": 123.0, "headers_ms": 122.9},
        # two tokens now and then
        {"gaps_us": [0, 20_000, 20_000] * 10, "ttft_ms": 400.0, "headers_ms": 400.0, "stages": None},
    ],
)
def test_what_bundles_for_its_own_reasons_does_not_buffer(changes: dict[str, object]) -> None:
    assert _judged(lambda n: _answer(n, **changes)).status == "pass"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "gaps_us",
    [
        [0, 0, 0, 0, 20_000] * 10,  # speculative decoding, several tokens a step, or a proxy's flushes
        ([0] * 7 + [60_000]) * 6,  # eight tokens a scheduler step, or a proxy's kilobyte
        [60_000, *LUMPS],  # the first token comes alone
    ],
)
def test_tokens_in_lumps_are_told_where_nobody_can_say_whose_they_are(gaps_us: list[int]) -> None:
    found = _judged(lambda n: _answer(n, gaps_us=gaps_us, ttft_ms=400.0, headers_ms=400.0, stages=None))
    assert (found.status, "ITL is that of the lumps" in found.text) == ("n/a", True)


def test_what_cannot_be_told_is_not_judged() -> None:
    held = {"gaps_us": [0] * 40, "ttft_ms": 400.0, "headers_ms": 400.0}
    mock = _judged(lambda n: _answer(n, flags=["mock-answer"], **held))  # type: ignore[arg-type]
    at_once = _judged(lambda n: _answer(n, stages=None, **held))  # type: ignore[arg-type]
    short = _judged(lambda n: _answer(n, **{**held, "gaps_us": [0] * 6}))  # type: ignore[arg-type]
    few = _judged(lambda n: _answer(n, **held), count=3)  # type: ignore[arg-type]
    early = {"headers_ms": 300.0, "ttft_ms": 420.0, "gaps_us": LUMPS}
    lumps = _judged(lambda n: _answer(n, stages=None, **early))  # type: ignore[arg-type]
    assert [check.status for check in (mock, at_once, short, few, lumps)] == ["n/a"] * 5
    assert "does not stream, or a proxy buffers" in at_once.text
    assert "in lumps: the service sends several at a time or is blocked now and then" in lumps.text


def test_a_few_lumpy_answers_among_steady_ones_pass() -> None:
    check = _judged(
        lambda n: (
            _answer(n, gaps_us=LUMPS, ttft_ms=400.0, headers_ms=399.5, stages=None) if n < 8 else _answer(n)
        )
    )
    assert (check.status, check.figure) == ("pass", 0.4)


def test_times_in_order_pass_and_what_did_not_happen_is_no_time() -> None:
    refused = _answer(
        1, headers_ms=1.0, first_event_at_ns=None, first_token_at_ns=None, last_token_at_ns=None
    )
    assert streams.clock_order(_facts([_answer(due_at_ns=0), refused])).status == "pass"
    assert streams.clock_order(_facts([])).status == "n/a"


@pytest.mark.parametrize(("changes", "says"), [
    ({"due_at_ns": 5_000_000_001}, "sent before due"),
    ({"headers_at_ns": 4_999_999_999}, "headers before sent"),
    ({"first_event_at_ns": 5_000_000_001}, "first event before headers"),
    ({"first_token_at_ns": 5_000_000_001}, "first token before first event"),
    ({"last_token_at_ns": 5_000_000_001}, "last token before first token"),
    ({"ended_at_ns": 5_000_000_001}, "ended before last token"),
    ({"headers_at_ns": None, "first_event_at_ns": 1}, "first event before sent"),
])  # fmt: skip
def test_one_time_out_of_order_fails(changes: dict[str, object], says: str) -> None:
    check = streams.clock_order(_facts([_answer(), _answer(5, **changes)]))  # type: ignore[arg-type]
    assert (check.status, check.figure) == ("fail", 1)
    assert says in check.text
    assert "seq 5" in check.text


def test_stages_longer_than_the_answer_took_are_impossible() -> None:
    honest = [_answer(n) for n in range(200)]
    assert streams.stage_times(_facts(honest)).status == "pass"
    rounding = [_answer(n, ttft_ms=119.0) for n in range(200)]
    assert streams.stage_times(_facts(rounding)).status == "pass"
    one = [*honest[:199], _answer(199, ttft_ms=60.0)]
    assert streams.stage_times(_facts(one)).status == "pass"
    five = [*honest[:195], *(_answer(195 + n, ttft_ms=60.0) for n in range(5))]
    check = streams.stage_times(_facts(five))
    assert (check.status, check.figure) == ("fail", 0.025)


def test_stages_are_held_against_the_time_since_sending_not_since_due() -> None:
    late = [_answer(n, ttft_ms=60.0, due_at_ns=n * 1_000_000_000 - 500_000_000) for n in range(20)]
    assert streams.stage_times(_facts(late)).status == "fail"


def test_without_stages_there_is_nothing_to_hold() -> None:
    assert streams.stage_times(_facts([_answer(stages=None)])).status == "n/a"


def test_one_compressed_answer_is_named() -> None:
    error = f"{COMPRESSED} (gzip) though identity was asked for"
    squeezed = _answer(1, outcome="stream_error", error=error)
    check = streams.compressed(_facts([_answer(), squeezed]))
    assert (check.status, check.figure) == ("fail", 1)
    assert streams.compressed(_facts([_answer()])).status == "pass"
    assert streams.compressed(_facts([])).status == "n/a"


def _asked(count: int, questions: int, again_ms: float, scale: float = 1.0) -> list[RequestRecord]:
    """Each new question takes 200 to 219 ms; asked again ``again_ms`` more or less; both kinds all along."""
    records, seen = [], set()
    for n in range(count):
        question = f"q{n // 2 % questions}" if n % 2 else f"q{n * 7 // 2 % questions}"
        ttft = again_ms + n % 5 if question in seen else 200.0 + n % 20
        seen.add(question)
        records.append(_answer(n, ttft_ms=ttft * scale, question=question, stages=None))
    return records


def test_a_cache_that_answers_what_was_asked_before_is_seen() -> None:
    requests = _asked(200, 100, again_ms=20.0)
    check = streams.cached(_facts(requests))
    assert check.status == "fail"
    assert "asked before" in check.text


@pytest.mark.parametrize(("scale", "status"), [(0.01, "fail"), (0.0025, "pass")])
def test_what_a_cache_gains_is_a_millisecond_at_least(scale: float, status: str) -> None:
    """Half a millisecond and a tenth of it: a service that gets warm."""
    requests = _asked(200, 100, again_ms=20.0, scale=scale)
    assert streams.cached(_facts(requests)).status == status


def test_repeats_as_slow_as_first_askings_are_no_cache() -> None:
    requests = _asked(200, 100, again_ms=190.0)
    assert streams.cached(_facts(requests)).status == "pass"


def test_one_question_over_and_over_is_said_not_judged() -> None:
    requests = [_answer(n, question="the one") for n in range(50)]
    check = streams.cached(_facts([replace(r, flags=["warmup"]) for r in requests[:5]] + requests[5:]))
    assert (check.status, check.figure) == ("n/a", 1.0)
    assert "45 of 45 answers" in check.text


def test_a_slow_start_is_no_cache() -> None:
    """Twenty questions, all first asked at the slow start, then asked again by a service that is warm."""
    requests = [_answer(n, question=f"q{n % 20}", ttft_ms=900.0 if n < 20 else 90.0) for n in range(200)]
    check = streams.cached(_facts(requests))
    assert check.status == "n/a"
    assert "median TTFT 90.0 ms again, 900.0 ms the first time: a cache, or a slow start" in check.text


def test_few_questions_answered_no_quicker_again_are_no_cache() -> None:
    requests = [_answer(n, question=f"q{n % 12}", ttft_ms=80.0 + n % 5) for n in range(200)]
    assert streams.cached(_facts(requests)).status == "pass"
    for warmup, status in ((6, "pass"), (9, "n/a")):  # three are not enough
        begun = [replace(r, flags=["warmup"]) for r in requests[:warmup]]
        assert streams.cached(_facts([*begun, *requests[warmup:]])).status == status


def test_chance_is_no_cache() -> None:
    """Latencies from 1 to 1000 ms whatever was asked: the medians of a few differ by more than two."""
    firsts = [_answer(2 * n, question=f"q{n}", ttft_ms=1.0 + 97 * n) for n in range(10)]
    again = [_answer(2 * n - 1, question=f"q{n - 1}", ttft_ms=1.0 + 43 * n) for n in range(1, 10)]
    again.append(_answer(17, question="q0", ttft_ms=2.0, user=1))
    check = streams.cached(_facts([*firsts, *again]))
    assert check.status == "pass"
    assert isinstance(check.figure, float)
    assert check.figure < 0.5


def test_questions_asked_once_are_no_cache() -> None:
    requests = [_answer(n) for n in range(50)]
    assert streams.cached(_facts(requests)).status == "pass"
