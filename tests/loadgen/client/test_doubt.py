"""When a stall can have moved a request by too much (TRAPS 12, 26, 27)."""

import pytest

from loadgen.client.doubt import Doubt, moved

MS = 1_000_000
SENT, FIRST, LAST, END = 1_000 * MS, 1_100 * MS, 1_600 * MS, 1_610 * MS


def late(doubt: Doubt, waited_ns: int = 0, *, first: int | None = FIRST, last: int | None = LAST) -> bool:
    return doubt.late(start_ns=SENT, first_ns=first, last_ns=last, ended_ns=END, waited_ns=waited_ns)


@pytest.mark.parametrize(("by_ms", "of_ms", "too_much"), [
    (2, 1, False), (3, 1, True), (3, 149, True), (3, 150, False), (30, 1500, False), (31, 1500, True),
])  # fmt: skip
def test_two_milliseconds_and_two_per_cent(by_ms: int, of_ms: int, too_much: bool) -> None:
    assert moved(by_ms * MS, of_ms * MS) is too_much


@pytest.mark.parametrize(("date", "most_ms"), [
    (FIRST, 2), (LAST, 10), (END, 12),  # of 100 ms to the first token, 500 between them, 610 to the end
])  # fmt: skip
def test_each_date_is_held_against_the_time_that_it_gives(date: int, most_ms: int) -> None:
    assert not late(Doubt(of_dates={date: most_ms * MS}))
    assert late(Doubt(of_dates={date: (most_ms + 1) * MS}))
    assert not late(Doubt(of_dates={FIRST + 1: 400 * MS}))  # a token between: its gaps are gone, no more


def test_a_request_that_left_late_or_was_dated_before_it_left() -> None:
    assert not late(Doubt(), waited_ns=12 * MS)
    assert late(Doubt(), waited_ns=13 * MS)
    assert not late(Doubt(sent_ns=2 * MS))
    assert late(Doubt(sent_ns=3 * MS))  # that is in its TTFT


def test_a_wait_that_is_in_the_latency_is_held_against_the_first_token() -> None:
    def waited(by_ms: int, counts: bool) -> bool:
        return Doubt().late(
            start_ns=SENT, first_ns=FIRST, last_ns=LAST, ended_ns=END, waited_ns=by_ms * MS,
            wait_counts=counts,
        )  # fmt: skip

    assert [waited(3, counts) for counts in (True, False)] == [True, False]
    assert not waited(2, True)


def test_an_answer_without_tokens_has_only_its_end() -> None:
    assert not late(Doubt(sent_ns=12 * MS), first=None, last=None)
    assert late(Doubt(of_dates={END: 13 * MS}), first=None, last=None)
