"""A rate that changes on the way: as many requests are due as its course says."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.engine.arrivals import Pace


@given(
    steps=st.lists(st.tuples(st.floats(0.1, 1000), st.floats(0.01, 60)), min_size=1, max_size=8),
    share=st.floats(0, 1),
)
def test_what_is_due_follows_the_course_of_the_rate(steps: list[tuple[float, float]], share: float) -> None:
    pace, at_s, done = Pace(steps[0][0]), 0.0, 0.0
    for rate, seconds in steps:
        pace.change(rate, int(at_s * 1e9))
        due_s = pace.due_ns(done + rate * seconds * share) / 1e9
        # A whole nanosecond at 1000 a second is 10 us at 0.1 a second.
        assert due_s == pytest.approx(at_s + seconds * share, abs=1e-4)
        at_s, done = at_s + seconds, done + rate * seconds


def test_a_pause_holds_back_what_was_next() -> None:
    pace = Pace(10)
    assert pace.due_ns(7) == 700_000_000
    pace.change(0, 500_000_000)  # 5 were due
    assert pace.due_ns(7) == math.inf
    pace.change(20, 3_000_000_000)
    assert pace.due_ns(7) == pytest.approx(3_100_000_000)


def test_what_is_due_counts_from_the_first_moment_whatever_the_rate_was_before() -> None:
    pace = Pace(10)
    pace.change(5, 2_000_000_000)
    pace.begin(3_000_000_000)
    assert pace.due_ns(1) == 3_200_000_000
