"""When requests are due: the rate asked for, whatever the number of workers."""

import heapq
import math
from itertools import islice, pairwise
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.engine.arrivals import Pace, due_times


@given(rate=st.floats(0.1, 5000), workers=st.integers(1, 7))
def test_constant_arrivals_of_all_workers_are_evenly_spaced(rate: float, workers: int) -> None:
    shares = [due_times("constant", rate, worker=w, workers=workers) for w in range(workers)]
    due = list(islice(heapq.merge(*shares), 50))
    assert due[0] == 0
    assert [b - a for a, b in pairwise(due)] == pytest.approx([1 / rate] * 49, rel=1e-6)


@pytest.mark.parametrize("workers", [1, 3])
def test_poisson_arrivals_have_the_rate_and_the_spread_of_a_poisson_process(workers: int) -> None:
    shares = [due_times("poisson", 100, worker=w, workers=workers, seed=7) for w in range(workers)]
    due = list(islice(heapq.merge(*shares), 20_000))
    gaps = [b - a for a, b in pairwise(due)]
    assert fmean(gaps) == pytest.approx(0.01, rel=0.03)
    assert pstdev(gaps) == pytest.approx(0.01, rel=0.05)  # of an exponential: its mean


def test_a_seed_repeats_and_workers_differ() -> None:
    def first(seed: int, worker: int) -> list[float]:
        return list(islice(due_times("poisson", 10, worker=worker, workers=2, seed=seed), 5))

    assert first(1, 0) == first(1, 0)
    assert first(1, 0) != first(1, 1)
    assert first(1, 0) != first(2, 0)


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
