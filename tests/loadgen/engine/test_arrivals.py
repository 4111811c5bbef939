"""When requests are due: the rate asked for, whatever the number of workers."""

import heapq
from itertools import islice, pairwise
from statistics import fmean, pstdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadgen.engine.arrivals import due_times


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
