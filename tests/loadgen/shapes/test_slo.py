"""Objectives: what is read, what counts of an answer, when one is met, and goodput."""

import math
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.shapes.slo import Figures, Part, Slo, Waiting
from records.cells.request import RequestRecord
from reports.figures import stats
from workloads.stream import STREAM

MS = 1_000_000
ANSWER = RequestRecord(
    run="r", cell="c", worker="w", region="", user=0, seq=1, sent_at_ns=1000 * MS,
    first_token_at_ns=1100 * MS, last_token_at_ns=1190 * MS, ended_at_ns=1200 * MS, outcome="ok",
    tokens=10, gaps_us=[5000] * 8 + [50_000],
)  # fmt: skip


def objective(text: str) -> Slo:
    return Slo.parse(text, STREAM)


def part(*ended: Figures | None, seconds: float = 1.0, waiting: Sequence[Waiting] = ()) -> Part:
    """Answers that began as the part did, one after the other."""
    return Part(seconds=seconds, ended=[(n / 1e6, one) for n, one in enumerate(ended)], waiting=waiting)


def test_an_objective_is_read() -> None:
    slo = objective("ttft:500 e2e:3000, percentile:99")
    assert slo == Slo(workload=STREAM, bounds={"ttft": 500, "e2e": 3000}, percentile=99)
    assert str(slo) == "ttft<=500 ms and e2e<=3000 ms at p99"
    assert objective("tpot:20.5").percentile == 95


@pytest.mark.parametrize(("text", "said"), [
    ("", "names no bound"), ("percentile:95", "names no bound"), ("ttft", "wants a number"),
    ("ttft:fast", "wants a number"), ("ttft:0", "above 0"), ("ttft:nan", "above 0"), ("ttft:inf", "above 0"),
    ("ttft:1 ttft:2", "twice"), ("ttfb:100", "is none of ttft, e2e, tpot, itl, headers"),
    ("ttft:100 percentile:100", "between 50 and 99.9"), ("ttft:100 percentile:0.95", "between 50 and 99.9"),
])  # fmt: skip
def test_nonsense_is_refused_in_a_line(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        objective(text)
    assert "\n" not in str(caught.value)


def test_what_counts_of_an_answer() -> None:
    slo = objective("ttft:1 e2e:1 itl:1 tpot:1")
    # The answer's own p95 of nine gaps lies near its longest: it stalled once.
    assert slo.figures(ANSWER) == [100, 200, pytest.approx(32), 10]
    assert slo.figures(replace(ANSWER, due_at_ns=900 * MS))[:2] == [200, 300]  # open loop: from when due
    single = replace(ANSWER, tokens=1, gaps_us=[], last_token_at_ns=ANSWER.first_token_at_ns)
    assert slo.figures(single) == [100, 200, None, None]
    assert slo.figures(replace(ANSWER, outcome="timeout")) == [math.inf] * 4


def test_an_answer_without_an_answer_token_misses_a_bound_on_its_ttft() -> None:
    """In flight and after it ended alike; of its pace nothing is said."""
    slo = objective("ttft:500")
    thought = replace(
        ANSWER, first_generated_at_ns=1010 * MS, first_token_at_ns=None, last_token_at_ns=None, tokens=0,
        gaps_us=[], ended_at_ns=2200 * MS,
    )  # fmt: skip
    assert objective("ttft:1 e2e:1 itl:1 tpot:1").figures(thought) == [math.inf, 1200, None, None]
    judged = slo.judge([part(*[slo.figures(thought)] * 60, *[slo.figures(ANSWER)] * 40)])
    assert (judged.missed, judged.met, judged.goodput) == (True, False, 40)
    paced = objective("tpot:50")
    judged = paced.judge([part(*[paced.figures(thought)] * 100)])
    assert (judged.missed, judged.met, judged.least) == (False, False, 0)
    both = objective("ttft:500 e2e:3000")
    assert both.judge([part(both.figures(thought))]).failures == 0


def test_a_search_and_the_report_have_one_percentile() -> None:
    values = [float(n * n % 997) for n in range(120)]
    judged = objective("e2e:1").judge([part(*[[value] for value in values])])
    assert judged.percentiles == {"e2e": stats.percentile(values, 0.95)}


def test_how_many_answers_a_percentile_wants() -> None:
    wanted = {p: Slo(workload=STREAM, bounds={"e2e": 1}, percentile=p).wanted_answers for p in (90, 95, 99)}
    assert wanted == {90: 29, 95: 59, 99: 299}


@given(over=st.integers(0, 30), within=st.integers(0, 400), percent=st.sampled_from([50, 90, 95, 99, 99.9]))
def test_enough_answers_are_missed_just_when_their_percentile_is_over(
    over: int, within: int, percent: float
) -> None:
    slo = Slo(workload=STREAM, bounds={"ttft": 100}, percentile=percent)
    answers = [[math.inf]] * over + [[100.0]] * within
    if len(answers) >= slo.wanted_answers:
        judged = slo.judge([part(*answers)])
        value = judged.percentiles["ttft"]
        assert value is not None
        assert judged.missed == (value > 100) == (not judged.met)


def test_few_answers_miss_only_if_those_to_come_cannot_help() -> None:
    slo = objective("ttft:100")  # of 59 answers 3 may be over: p95 lies a tenth of the way to the 57th
    assert not slo.judge([part(*[[500.0]] * 3, *[[50.0]] * 2)]).missed
    assert slo.judge([part(*[[500.0]] * 4, *[[50.0]] * 2)]).missed
    assert slo.judge([part(*[[math.inf]] * 3, *[[50.0]] * 2)]).missed


def test_goodput_counts_answers_that_keep_every_bound() -> None:
    slo = objective("ttft:100 tpot:20")
    here = [[90.0, 10.0], [90.0, 30.0], [110.0, 10.0], [math.inf, math.inf]]
    there = [[50.0, None], [60.0, 20.0]]
    judged = slo.judge([part(*here, seconds=2), part(*there, seconds=4)])
    assert judged.goodput == pytest.approx(1 / 2 + 2 / 4)  # each process by its own seconds
    assert (judged.answers, judged.failures, judged.least) == (6, 1, 5)
    assert judged.percentiles == {"ttft": math.inf, "tpot": math.inf}


def test_a_late_answer_counts_in_goodput_by_the_share_of_the_others_that_met() -> None:
    """And in no percentile: of four good answers with known times three met; a failure says nothing of it."""
    slo = objective("ttft:100")
    known: list[Figures] = [[50.0], [60.0], [90.0], [900.0], [math.inf]]
    judged = slo.judge([part(*known, seconds=2), part(None, None, seconds=4)])
    assert judged.goodput == pytest.approx(3 / 2 + 2 * 0.75 / 4)
    assert (judged.answers, judged.failures, judged.least) == (7, 1, 5)
    assert judged.percentiles == slo.judge([part(*known)]).percentiles
    assert slo.judge([part(None, [math.inf])]).goodput is None
    assert not slo.judge([part(*[None] * 100)]).met


@pytest.mark.parametrize(
    ("text", "waiting", "overdue", "unknown"),
    [
        ("ttft:500", (501.0, None), True, 0),
        ("ttft:500", (500.0, None), False, 1),
        ("ttft:500", (20_000.0, 499.0), False, 1),  # its first token came in time, and it may still fail
        ("ttft:500", (20_000.0, 501.0), True, 0),
        ("e2e:500", (501.0, 10.0), True, 0),
        ("e2e:500", (499.0, 10.0), False, 1),
        ("tpot:50", (20_000.0, None), False, 1),  # shows when it ends
        ("ttft:500 tpot:50", (20_000.0, None), True, 1),
    ],
)
def test_a_request_in_flight_is_over_a_bound_once_it_has_waited_longer(
    text: str, waiting: Waiting, overdue: bool, unknown: int
) -> None:
    judged = objective(text).judge([part(seconds=30, waiting=[waiting])])
    assert (judged.answers, judged.failures, judged.least) == (0, 0, 1)
    assert (judged.overdue, judged.unknown) == (overdue, unknown)


def test_those_in_flight_count_against_a_level_that_looks_well() -> None:
    """Each fifth request hangs: the 80 answers that ended were all quick."""
    slo = objective("ttft:500")
    quick = [[40.0]] * 80
    hanging = slo.judge([part(*quick, seconds=20, waiting=[(19_000.0, None)] * 20)])
    assert (hanging.missed, hanging.met, hanging.overdue) == (True, False, 20)
    assert hanging.percentiles == {"ttft": 19_000}  # at least
    young = slo.judge([part(*quick, waiting=[(400.0, None)] * 20)])
    assert (young.missed, young.met, young.unknown) == (False, False, 20)
    few = slo.judge([part(*quick, waiting=[(400.0, None)] * 4)])  # 4 of 84 may miss
    assert (few.missed, few.met) == (False, True)


def test_judged_are_the_requests_that_began_in_the_time_given_or_the_first_so_many() -> None:
    slo = objective("ttft:500 percentile:90")
    early = [(n / 10, [40.0]) for n in range(-5, 50)]
    late = [(10 + n / 10, [900.0]) for n in range(50)]
    one = Part(seconds=15, ended=[*late, *early], waiting=[(400.0, None)] * 30)
    assert slo.judge([one], first_s=9).least == 55
    assert slo.judge([one], first_s=9).met
    assert slo.judge([one], first_s=0, enough=5).least == 6  # -0.5 to 0 seconds
    assert slo.judge([one], first_s=0, enough=20).least == 20
    assert slo.judge([one], first_s=11).missed


REQUEST = st.tuples(
    st.integers(0, 3000),  # begins
    st.integers(0, 1500),  # TTFT
    st.integers(0, 1500),  # from there to the end
    st.none() | st.integers(1, 200),  # TPOT
)


def seen(requests: list[tuple[int, int, int, int | None]], at_ms: float) -> Part:
    """What is known of requests for "ttft e2e tpot" at a moment, all in milliseconds."""
    return Part(
        seconds=at_ms / 1e3,
        ended=[(b / 1e3, [t, t + rest, tpot]) for b, t, rest, tpot in requests if b + t + rest <= at_ms],
        waiting=[
            (at_ms - b, t if b + t <= at_ms else None)
            for b, t, rest, _ in requests
            if b <= at_ms < b + t + rest
        ],
    )


@given(
    requests=st.lists(REQUEST, max_size=120),
    at_ms=st.integers(0, 6000),
    first_ms=st.integers(0, 3000),
    enough=st.sampled_from([2, 5]),
    bounds=st.sampled_from(["ttft:1000 e2e:1800 tpot:150", "ttft:1400 e2e:2900 tpot:199"]),
)
def test_no_verdict_is_other_than_that_of_all_that_comes(
    requests: list[tuple[int, int, int, int | None]], at_ms: int, first_ms: int, enough: int, bounds: str
) -> None:
    slo = objective(f"{bounds} percentile:50")  # which wants 5 answers
    at_ms = max(at_ms, first_ms)
    now = slo.judge([seen(requests, at_ms)], first_s=first_ms / 1e3, enough=enough)
    truth = slo.judge([seen(requests, 1e6)], first_s=first_ms / 1e3, enough=enough)
    assert not (now.met and now.missed)
    assert truth.missed or not now.missed
    assert not (now.met and truth.missed)
    assert truth.met or not now.met or truth.least < enough  # of answers without a TPOT


@given(requests=st.lists(REQUEST, max_size=120), first_ms=st.integers(0, 3000))
def test_e2e_is_known_once_its_bound_has_passed(
    requests: list[tuple[int, int, int, int | None]], first_ms: int
) -> None:
    slo = objective("e2e:900 percentile:90")
    assert slo.known_after_s == 0.9
    at = seen(requests, first_ms + 901)
    pairs = Part(seconds=at.seconds, ended=[(b, f[1:2]) for b, f in at.ended], waiting=at.waiting)
    judged = slo.judge([pairs], first_s=first_ms / 1e3, enough=0)
    assert judged.unknown == 0
    assert judged.known
    assert judged.met != judged.missed or judged.least < slo.wanted_answers
