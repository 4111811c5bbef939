"""A load that was not the one asked for, or did not hold, is seen."""

import dataclasses
from collections.abc import Callable
from typing import Any

import pytest

from records.cells.cell import Window
from records.cells.request import RequestRecord
from workloads.checks import load
from workloads.checks.facts import Facts
from workloads.stream import TTFT

Record = Callable[..., RequestRecord]
Make = Callable[..., Facts]
BackToBack = Callable[[int, int], list[RequestRecord]]
WINDOW = Window(start_ns=0, end_ns=1_000_000_000)
STEADY = load.steady(TTFT, "steady-ttft")
Busy = list[RequestRecord]


@pytest.fixture
def busy(back_to_back: BackToBack) -> Busy:
    return back_to_back(100, 10_000_000)


def after(requests: Busy, ns: int, **changes: Any) -> Busy:
    """Each ended so long after it was sent."""
    return [dataclasses.replace(r, ended_at_ns=r.sent_at_ns + ns, **changes) for r in requests]


def test_users_that_idle_between_requests_are_seen(busy: Busy, facts: Make) -> None:
    assert load.concurrency(facts(busy, window=WINDOW)).status == "pass"
    idle = after(busy, 3_000_000)
    check = load.concurrency(facts(idle, window=WINDOW))
    assert (check.status, check.figure) == ("fail", pytest.approx(0.3))
    assert load.concurrency(facts(idle, window=WINDOW, concurrency_varies=True)).status == "n/a"
    # one who waits for the end of the body is busy
    waiting = [dataclasses.replace(r, body_ended_at_ns=r.sent_at_ns + 10_000_000) for r in idle]
    assert load.concurrency(facts(waiting, window=WINDOW)).figure == pytest.approx(1.0)


def test_where_requests_fail_too_few_in_flight_is_no_second_diagnosis(busy: Busy, facts: Make) -> None:
    failed = after(busy, 1_000, outcome="http_error")
    found = load.concurrency(facts(failed, window=WINDOW))
    assert (found.status, found.text) == ("n/a", "100 of 100 requests failed, after which users pause")
    assert load.concurrency(facts([], window=WINDOW)).status == "fail"


def test_throughput_times_the_cycle_is_the_number_of_users(busy: Busy, facts: Make) -> None:
    law = load.littles_law
    for users, status in ((1, "pass"), (2, "fail")):
        check = law(facts(busy, window=WINDOW, users=users))
        assert (check.status, check.figure) == (status, pytest.approx(abs(1 / users - 1), abs=0.02))
    thinking = after(busy, 4_000_000)
    assert law(facts(thinking, window=WINDOW, think_time_s=0.006)).status == "pass"
    assert law(facts(thinking, window=WINDOW, think_time_s=0.0)).status == "fail"
    assert law(facts(busy * 2, window=WINDOW, users=1)).status == "fail"  # each record is there twice


def test_littles_law_holds_of_requests_that_last_longer_than_the_window(record: Record, facts: Make) -> None:
    """Five users have ten short ones each, and five are tried again and again, to the end or beyond it."""
    short = [
        record(seq=n, sent_at_ns=n * 100_000_000, ended_at_ns=(n + 1) * 100_000_000)
        for n in range(10)
        for _ in range(5)
    ]
    long = [
        record(sent_at_ns=-100_000_000, ended_at_ns=3_000_000_000, outcome=how) for how in ("ok", "aborted")
    ]
    assert load.littles_law(facts([*short, *long, *long, long[0]], window=WINDOW, users=10)).figure < 0.02
    assert load.littles_law(facts(short, window=WINDOW, users=10)).status == "fail"


@pytest.mark.parametrize(("users", "takes_s", "thinks_s", "start_s", "end_s"), [
    (20, 1.0, 5.0, 1.0, 9.0), (20, 1.0, 5.0, 1.0, 8.0), (5, 2.0, 4.0, 2.0, 9.0),
])  # fmt: skip
def test_littles_law_holds_of_users_who_think_for_much_of_a_window(
    record: Record, facts: Make, users: int, takes_s: float, thinks_s: float, start_s: float, end_s: float
) -> None:
    begun_s = [0.05 * user + n * (takes_s + thinks_s) for user in range(users) for n in range(4)]
    asked = [
        record(seq=n, sent_at_ns=round(at * 1e9), ended_at_ns=round((at + takes_s) * 1e9))
        for n, at in enumerate(begun_s)
    ]
    window = Window(start_ns=round(start_s * 1e9), end_ns=round(end_s * 1e9))
    assert load.littles_law(facts(asked, window=window, users=users, think_time_s=thinks_s)).status == "pass"


def test_littles_law_says_nothing_of_an_open_loop_nor_of_failures(record: Record, facts: Make) -> None:
    slow = [record(seq=n, sent_at_ns=0, ended_at_ns=800_000_000) for n in range(10)]
    assert load.littles_law(facts(slow, window=WINDOW, users=10)).status == "pass"
    failed = [dataclasses.replace(r, outcome="http_error") for r in slow]
    for unknown in (
        facts(slow, window=WINDOW, users=10, rate=9.0), facts(slow, window=None, users=10),
        facts(failed, window=WINDOW, users=99), facts([], window=WINDOW, users=10),
    ):  # fmt: skip
        assert load.littles_law(unknown).status == "n/a"


def test_an_open_loops_rate_is_held_against_the_one_asked_for(record: Record, facts: Make) -> None:
    due = [record(due_at_ns=n * 10_000_000) for n in range(100)]
    for rate, poisson, status in (
        (100, False, "pass"), (110, False, "fail"), (110, True, "pass"), (0, False, "n/a"),
    ):  # fmt: skip
        assert load.arrival_rate(facts(due, window=WINDOW, rate=rate, poisson=poisson)).status == status


def test_an_open_loop_that_is_late_fails(record: Record, facts: Make) -> None:
    late = [record(due_at_ns=1, sent_at_ns=1 + ms * 1_000_000) for ms in (1, 2, 50)]
    assert load.lateness(facts(late)).status == "fail"
    assert load.lateness(facts(late[:2])).status == "pass"
    assert load.lateness(facts([record()])).status == "n/a"


def test_dropped_requests_fail_the_cell(record: Record, facts: Make) -> None:
    due = [record(due_at_ns=n * 50_000_000, sent_at_ns=n * 50_000_000) for n in range(20)]
    assert load.dropped(facts([record()], window=WINDOW)).status == "n/a"
    assert load.dropped(facts(due, window=WINDOW)).status == "pass"
    lost = [dataclasses.replace(one, outcome="dropped") for one in due[:2]]
    assert load.dropped(facts([*due[2:], *lost], window=WINDOW)).status == "fail"


def test_a_rate_that_drifts_is_not_steady(back_to_back: BackToBack, facts: Make) -> None:
    steady = back_to_back(200, 5_000_000)
    assert load.steady_state(facts(steady, window=WINDOW)).status == "pass"
    assert load.steady_state(facts(steady[:110] + steady[195:], window=WINDOW)).status == "fail"
    assert load.steady_state(facts(steady[:5], window=WINDOW)).status == "n/a"


def _with_ttfts(record: Record, ttfts_ms: list[float]) -> list[RequestRecord]:
    """Evenly sent over the window."""
    each = (WINDOW.end_ns - WINDOW.start_ns) // len(ttfts_ms)
    return [
        record(seq=n, sent_at_ns=n * each, first_token_at_ns=n * each + round(ms * 1e6))
        for n, ms in enumerate(ttfts_ms)
    ]


@pytest.mark.parametrize(("ttfts_ms", "status"), [
    ([10.0 + 5 * n for n in range(100)], "fail"),  # as with an open loop above capacity
    ([100.0 + n % 7 for n in range(100)], "pass"),
    ([100.0] * 80 + [900.0] * 20, "pass"),  # fewer than half of one half: slow answers, no trend
    ([0.5] * 50 + [1.5] * 50, "pass"),  # three times as much, and nothing
    ([1.0] * 7 + [900.0] * 5 + [1.0] * 5 + [900.0] * 7, "pass"),  # two kinds: the medians say little
    ([1.0] * 9 + [90.0] * 9, "n/a"),
])  # fmt: skip
def test_a_ttft_that_rises_through_the_window_is_not_steady_and_noise_is_no_trend(
    record: Record, ttfts_ms: list[float], status: str, facts: Make
) -> None:
    assert STEADY(facts(_with_ttfts(record, ttfts_ms), window=WINDOW)).status == status
    assert STEADY(facts([], window=None)).status == "n/a"
