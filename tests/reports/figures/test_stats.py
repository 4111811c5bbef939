"""The statistics: properties, published figures, and intervals that cover what they claim to."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.cells.measure import wanted_answers
from reports.figures import stats
from reports.figures.stats import Estimate, Sample

VALUES = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=200)
QUANTILES = st.sampled_from([0.5, 0.9, 0.95, 0.99])
Rng = np.random.Generator


def of(bins: Any, values: Any, key: object = 1, seconds: float = 5.0) -> Sample:
    own = {"ended_bins": bins, "amounts": np.ones(len(bins)), "values": values, "value_bins": bins}
    return Sample(key=key, seconds=seconds, **own)


def sample(rng: Rng, key: object, rate: float, seconds: float = 5.0) -> Sample:
    """A Poisson cell: independent arrivals at ``rate``, exponential latencies."""
    bins = np.sort(rng.integers(0, stats.BINS, int(rng.poisson(rate * seconds))))
    return of(bins, rng.exponential(100.0 / math.log(2), len(bins)), key, seconds)


@given(VALUES, QUANTILES, st.integers(0, 50))
def test_percentile_is_numpys_and_failures_never_lower_it(values: Any, q: float, failures: int) -> None:
    assert stats.percentile(values, q) == pytest.approx(np.percentile(values, q * 100))
    assert stats.percentile(values + [math.inf] * failures, q) >= stats.percentile(values, q)


@pytest.mark.parametrize(("failures", "endless"), [(0, False), (4, False), (6, True)])
def test_more_failures_than_the_tail_make_it_endless(failures: int, endless: bool) -> None:
    values = [float(i) for i in range(100 - failures)] + [math.inf] * failures
    assert math.isinf(stats.percentile(values, 0.95)) is endless
    with pytest.raises(ValueError, match="no values"):
        stats.percentile([], 0.5)


@pytest.mark.parametrize(("q", "wanted"), [(0.95, 59), (0.99, 299)])
def test_high_percentiles_want_their_answers(q: float, wanted: int) -> None:
    assert wanted_answers(q) == wanted
    assert stats.percentile_estimates([np.ones(wanted - 1)], 1.0, [q]) == [None]
    [found] = stats.percentile_estimates([np.ones(wanted)], 1.0, [q])
    assert found is not None
    assert found.high == 1.0


@given(st.integers(1, 2000), QUANTILES)
def test_ranks_hold_95_percent_by_the_binomial(n: int, q: float) -> None:
    from scipy.stats import binom  # here, for each worker would wait for it

    ranks = stats.order_interval(n, q)
    if ranks is None:
        assert n < wanted_answers(q) or q == 0.5
        return
    low, high = ranks
    assert 1 <= low <= high <= n
    # x_low <= Q < x_high exactly when low <= (number of values below Q) < high
    assert binom.cdf(high - 1, n, q) - binom.cdf(low - 1, n, q) >= 0.95 - 1e-9


@given(VALUES)
def test_the_interval_holds_the_estimate(values: list[float]) -> None:
    [found] = stats.percentile_estimates([np.array(values)], 1.0, [0.5])
    assert found is not None
    assert found.low is None or found.high is None or found.low <= found.value <= found.high


def test_median_of_a_table() -> None:
    """n = 10: ranks 2 and 9, 97.9 % (Conover, table A3 and section 3.2)."""
    assert stats.order_interval(10, 0.5) == (2, 9)


@settings(max_examples=30, deadline=None)
@given(st.integers(1, 4), st.integers(0, 2**32 - 1))
def test_rate_is_all_answers_over_all_seconds(cells: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    samples = [sample(rng, i, 20.0, seconds=float(i + 1)) for i in range(cells)]
    answers = sum(len(s.ended_bins) for s in samples)
    assert stats.rate(samples) == pytest.approx(answers / sum(s.seconds for s in samples))


def covered(simulate: Callable[[Rng], Estimate], truth: float) -> float:
    rng = np.random.default_rng(7)
    found = [simulate(rng) for _ in range(120)]
    return float(np.mean([one.low <= truth <= one.high for one in found]))


@pytest.mark.parametrize("repeats", [1, 2, 4])
def test_rate_interval_covers_a_poisson_rate(repeats: int) -> None:
    def simulate(rng: Rng) -> Estimate:
        samples = [sample(rng, i, 40.0) for i in range(repeats)]
        draws = stats.rate_draws(samples, stats.weights_of(samples, rng))
        return stats.interval(draws, stats.rate(samples), repeats)

    assert covered(simulate, 40.0) >= 0.88


def ratio(a: list[Sample], b: list[Sample], rng: Rng) -> Estimate:
    wa, wb = stats.paired_weights(a, b, rng)
    draws = stats.divide(stats.rate_draws(a, wa), stats.rate_draws(b, wb))
    return stats.interval(draws, stats.rate(a) / stats.rate(b), 2)


def test_ratio_interval_covers_no_difference_and_finds_a_large_one() -> None:
    def simulate(rng: Rng, second: float = 40.0) -> Estimate:
        a, b = ([sample(rng, i, rate) for i in range(2)] for rate in (40.0, second))
        return ratio(a, b, rng)

    assert covered(simulate, 1.0) >= 0.9
    assert simulate(np.random.default_rng(1), 15.0).excludes_one


def test_pairing_takes_away_what_both_repeats_share() -> None:
    """A repeat twice as fast for both sides widens each rate, hardly their ratio."""
    rng = np.random.default_rng(3)
    a, b = ([sample(rng, 1, rate), sample(rng, 2, 2 * rate)] for rate in (400.0, 200.0))
    other = [Sample(**{**vars(s), "key": ("else", s.key)}) for s in b]
    paired, unpaired = (ratio(a, second, np.random.default_rng(5)) for second in (b, other))
    assert paired.high - paired.low < (unpaired.high - unpaired.low) / 2


def test_median_draws_are_the_weighted_medians() -> None:
    one = of(np.array([0, 0, 1, 2, 2]), np.array([5.0, 1.0, 3.0, 9.0, 7.0]))
    weights = np.zeros((stats.DRAWS, stats.BINS))
    weights[:, :3] = [2, 0, 1]  # 5 5 1 1 9 7
    assert stats.median_draws([one], [weights])[0] == 5.0
    weights[:, :3] = [0, 0, 1]  # 9 7
    assert stats.median_draws([one], [weights])[-1] == 8.0
    assert np.isnan(stats.median_draws([one], [np.zeros((stats.DRAWS, stats.BINS))])).all()


def test_nothing_answered_has_no_interval() -> None:
    none = of(np.empty(0, dtype=np.int64), np.empty(0))
    draws = stats.rate_draws([none], stats.weights_of([none], np.random.default_rng(0)))
    assert stats.interval(draws, 0.0, 1) == Estimate(value=0.0)
