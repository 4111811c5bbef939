"""Objectives: what is read, what counts of an answer, when one is met, and goodput."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.slo import Slo
from records.request import RequestRecord

MS = 1_000_000
ANSWER = RequestRecord(
    run="r",
    cell="c",
    worker="w",
    region="",
    user=0,
    seq=1,
    sent_at_ns=1000 * MS,
    first_token_at_ns=1100 * MS,
    last_token_at_ns=1190 * MS,
    ended_at_ns=1200 * MS,
    outcome="ok",
    tokens=10,
    gaps_us=[5000] * 8 + [50_000],
)


def test_an_objective_is_read() -> None:
    slo = Slo.parse("ttft:500 e2e:3000, percentile:99")
    assert slo == Slo(bounds={"ttft": 500, "e2e": 3000}, percentile=99)
    assert str(slo) == "ttft<=500 ms and e2e<=3000 ms at p99"
    assert Slo.parse("tpot:20.5").percentile == 95


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "names no bound"),
        ("percentile:95", "names no bound"),
        ("ttft", "wants a number"),
        ("ttft:fast", "wants a number"),
        ("ttft:0", "above 0"),
        ("ttft:nan", "above 0"),
        ("ttft:inf", "above 0"),
        ("ttft:1 ttft:2", "twice"),
        ("ttfb:100", "is none of ttft, e2e, itl, tpot, percentile"),
        ("ttft:100 percentile:100", "between 50 and 99.9"),
        ("ttft:100 percentile:0.95", "between 50 and 99.9"),
    ],
)
def test_nonsense_is_refused_in_a_line(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        Slo.parse(text)
    assert "\n" not in str(caught.value)


def test_what_counts_of_an_answer() -> None:
    slo = Slo.parse("ttft:1 e2e:1 itl:1 tpot:1")
    # The answer's own p95 of nine gaps is its longest: it stalled once.
    assert slo.figures(ANSWER) == [100, 200, 50, 10]
    assert slo.figures(replace(ANSWER, due_at_ns=900 * MS))[:2] == [200, 300]  # open loop: from when due
    single = replace(ANSWER, tokens=1, gaps_us=[], last_token_at_ns=ANSWER.first_token_at_ns)
    assert slo.figures(single) == [100, 200, None, None]
    assert slo.figures(replace(ANSWER, outcome="timeout")) == [math.inf] * 4


def test_how_many_answers_a_percentile_wants() -> None:
    wanted = {p: Slo(bounds={"e2e": 1}, percentile=p).wanted_answers for p in (90, 95, 99)}
    assert wanted == {90: 29, 95: 59, 99: 299}


@given(over=st.integers(0, 30), within=st.integers(0, 400), percent=st.sampled_from([50, 90, 95, 99, 99.9]))
def test_enough_answers_are_missed_just_when_their_percentile_is_over(
    over: int, within: int, percent: float
) -> None:
    slo = Slo(bounds={"ttft": 100}, percentile=percent)
    answers = [[math.inf]] * over + [[100.0]] * within
    if len(answers) >= slo.wanted_answers:
        judged = slo.judge({"w": (1.0, answers)})
        value = judged.percentiles["ttft"]
        assert value is not None
        assert judged.missed == (value > 100)


def test_few_answers_miss_only_if_those_to_come_cannot_help() -> None:
    slo = Slo.parse("ttft:100")  # of 59 answers 2 may be over
    assert not slo.judge({"w": (1.0, [[500.0]] * 2 + [[50.0]] * 3)}).missed
    assert slo.judge({"w": (1.0, [[500.0]] * 3 + [[50.0]] * 2)}).missed


def test_goodput_counts_answers_that_keep_every_bound() -> None:
    slo = Slo.parse("ttft:100 tpot:20")
    here = [[90.0, 10.0], [90.0, 30.0], [110.0, 10.0], [math.inf, math.inf]]
    there = [[50.0, None], [60.0, 20.0]]
    judged = slo.judge({"a": (2.0, here), "b": (4.0, there)})
    assert judged.goodput == pytest.approx(1 / 2 + 2 / 4)  # each process by its own seconds
    assert (judged.answers, judged.failures, judged.least) == (6, 1, 5)
    assert judged.percentiles == {"ttft": math.inf, "tpot": math.inf}
