"""A load that was not the one asked for, or did not hold, is seen."""

import dataclasses
from collections.abc import Callable

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


def test_users_that_idle_between_requests_are_seen(back_to_back: BackToBack, facts: Make) -> None:
    busy = back_to_back(100, 10_000_000)
    assert load.concurrency(facts(busy, window=WINDOW)).status == "pass"
    idle = [dataclasses.replace(r, ended_at_ns=r.sent_at_ns + 3_000_000) for r in busy]
    check = load.concurrency(facts(idle, window=WINDOW))
    assert check.status == "fail"
    assert check.figure == pytest.approx(0.3)
    assert load.concurrency(facts(idle, window=WINDOW, concurrency_varies=True)).status == "n/a"


def test_where_requests_fail_too_few_in_flight_is_no_second_diagnosis(
    back_to_back: BackToBack, facts: Make
) -> None:
    idle = [
        dataclasses.replace(r, ended_at_ns=r.sent_at_ns + 1_000, outcome="http_error")
        for r in back_to_back(100, 10_000_000)
    ]
    found = load.concurrency(facts(idle, window=WINDOW))
    assert (found.status, found.text) == ("n/a", "100 of 100 requests failed, after which users pause")
    assert load.concurrency(facts([], window=WINDOW)).status == "fail"


def test_a_user_who_waits_for_the_end_of_the_body_is_busy(back_to_back: BackToBack, facts: Make) -> None:
    waiting = [
        dataclasses.replace(
            r, ended_at_ns=r.sent_at_ns + 3_000_000, body_ended_at_ns=r.sent_at_ns + 10_000_000
        )
        for r in back_to_back(100, 10_000_000)
    ]
    assert load.concurrency(facts(waiting, window=WINDOW)).figure == pytest.approx(1.0)


@pytest.mark.parametrize(("users", "status"), [(1, "pass"), (2, "fail")])
def test_throughput_times_the_cycle_is_the_number_of_users(
    back_to_back: BackToBack, users: int, status: str, facts: Make
) -> None:
    requests = back_to_back(100, 10_000_000)
    check = load.littles_law(facts(requests, window=WINDOW, users=users))
    assert check.status == status
    assert check.figure == pytest.approx(abs(1 / users - 1), abs=0.02)


def test_thinking_is_part_of_the_cycle(back_to_back: BackToBack, facts: Make) -> None:
    thinking = [
        dataclasses.replace(r, ended_at_ns=r.sent_at_ns + 4_000_000) for r in back_to_back(100, 10_000_000)
    ]
    law = load.littles_law
    assert law(facts(thinking, window=WINDOW, think_time_s=0.006)).status == "pass"
    assert law(facts(thinking, window=WINDOW, think_time_s=0.0)).status == "fail"


def test_records_that_are_there_twice_break_littles_law(back_to_back: BackToBack, facts: Make) -> None:
    twice = back_to_back(100, 10_000_000) * 2
    assert load.littles_law(facts(twice, window=WINDOW, users=1)).status == "fail"


def test_littles_law_says_nothing_of_an_open_loop_nor_much_of_a_short_window(
    record: Record, facts: Make
) -> None:
    slow = [record(seq=n, sent_at_ns=0, ended_at_ns=600_000_000) for n in range(10)]
    assert load.littles_law(facts(slow, window=WINDOW, users=10)).status == "pass"
    assert load.littles_law(facts(slow, window=WINDOW, users=10, rate=9.0)).status == "n/a"
    assert load.littles_law(facts(slow, window=None, users=10)).status == "n/a"
    failed = [dataclasses.replace(r, outcome="http_error") for r in slow]
    assert load.littles_law(facts(failed, window=WINDOW, users=99)).status == "n/a"
    assert load.littles_law(facts([], window=WINDOW, users=10)).status == "n/a"


def test_an_open_loops_rate_is_held_against_the_one_asked_for(record: Record, facts: Make) -> None:
    due = [record(due_at_ns=n * 10_000_000) for n in range(100)]
    assert load.arrival_rate(facts(due, window=WINDOW, rate=100, poisson=False)).status == "pass"
    assert load.arrival_rate(facts(due, window=WINDOW, rate=110, poisson=False)).status == "fail"
    assert (
        load.arrival_rate(facts(due, window=WINDOW, rate=110, poisson=True)).status == "pass"
    )  # as chance has it
    assert load.arrival_rate(facts(due, window=WINDOW, rate=0, poisson=False)).status == "n/a"


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


def test_a_ttft_that_rises_through_the_window_is_not_steady(record: Record, facts: Make) -> None:
    """As with an open loop above capacity."""
    check = STEADY(facts(_with_ttfts(record, [10.0 + 5 * n for n in range(100)]), window=WINDOW))
    assert check.status == "fail"
    assert "first half" in check.text


@pytest.mark.parametrize(
    "ttfts_ms",
    [
        [100.0 + n % 7 for n in range(100)],
        [100.0] * 80 + [900.0] * 20,  # fewer than half of one half: slow answers, no trend
        [0.5] * 50 + [1.5] * 50,  # three times as much, and nothing
        [1.0] * 7 + [900.0] * 5 + [1.0] * 5 + [900.0] * 7,  # two kinds of answers: the medians say little
    ],
)
def test_noise_is_no_trend(record: Record, ttfts_ms: list[float], facts: Make) -> None:
    assert STEADY(facts(_with_ttfts(record, ttfts_ms), window=WINDOW)).status == "pass"


def test_few_answers_have_no_trend(record: Record, facts: Make) -> None:
    assert STEADY(facts(_with_ttfts(record, [1.0] * 9 + [90.0] * 9), window=WINDOW)).status == "n/a"
    assert STEADY(facts([], window=None)).status == "n/a"
