"""A rate that changes on the way: as many requests are due as its course says."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.arrivals import Pace


@given(
    steps=st.lists(st.tuples(st.floats(0.1, 1000), st.floats(0.01, 60)), min_size=1, max_size=8),
    share=st.floats(0, 1),
)
def test_what_is_due_follows_the_course_of_the_rate(steps: list[tuple[float, float]], share: float) -> None:
    pace, at_s, done = Pace(steps[0][0]), 0.0, 0.0
    for rate, seconds in steps:
        pace.change(rate, at_s)
        assert pace.due_s(done + rate * seconds * share) == pytest.approx(at_s + seconds * share, abs=1e-6)
        at_s, done = at_s + seconds, done + rate * seconds


def test_a_pause_holds_back_what_was_next() -> None:
    pace = Pace(10)
    assert pace.due_s(7) == 0.7
    pace.change(0, 0.5)  # 5 were due
    assert pace.due_s(7) == math.inf
    pace.change(20, 3.0)
    assert pace.due_s(7) == pytest.approx(3.1)
