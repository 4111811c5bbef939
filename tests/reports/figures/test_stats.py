"""The statistics: properties, published figures, and intervals that cover what they claim to."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from records.cells.measure import wanted_answers
from reports.figures import stats
from reports.figures.stats import Sample

VALUES = st.lists(st.floats(0.01, 1e6), min_size=1, max_size=200)
QUANTILES = st.sampled_from([0.5, 0.9, 0.95, 0.99])


def sample(
    rng: np.random.Generator, key: object, rate: float, seconds: float = 5.0, ttft: float = 100.0
) -> Sample:
    """A Poisson cell: independent arrivals at ``rate``, exponential latencies of median ``ttft``."""
    count = int(rng.poisson(rate * seconds))
    bins = np.sort(rng.integers(0, stats.BINS, count))
    values = rng.exponential(ttft / math.log(2), count)
    return Sample(
        key=key, seconds=seconds, ended_bins=bins, amounts=np.ones(len(bins)), values=values, value_bins=bins
    )


@given(VALUES, QUANTILES)
def test_percentile_is_numpys(values: list[float], q: float) -> None:
    assert stats.percentile(values, q) == pytest.approx(np.percentile(values, q * 100))


@given(VALUES, QUANTILES, st.integers(0, 50))
def test_failures_never_lower_a_percentile(values: list[float], q: float, failures: int) -> None:
    with_failures = stats.percentile(values + [math.inf] * failures, q)
    assert with_failures >= stats.percentile(values, q)


@pytest.mark.parametrize(("failures", "endless"), [(0, False), (4, False), (6, True)])
def test_more_failures_than_the_tail_make_it_endless(failures: int, endless: bool) -> None:
    values = [float(i) for i in range(100 - failures)] + [math.inf] * failures
    assert math.isinf(stats.percentile(values, 0.95)) is endless


def test_percentile_of_nothing_is_refused() -> None:
    with pytest.raises(ValueError, match="no values"):
        stats.percentile([], 0.5)


@pytest.mark.parametrize(("q", "wanted"), [(0.95, 59), (0.99, 299)])
def test_high_percentiles_want_their_answers(q: float, wanted: int) -> None:
    assert wanted_answers(q) == wanted
    assert stats.percentile_estimate([1.0] * (wanted - 1), q) is None
    enough = stats.percentile_estimate([1.0] * wanted, q)
    assert enough is not None
    assert enough.high == 1.0


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
    estimate = stats.percentile_estimate(values, 0.5)
    assert estimate is not None
    if estimate.low is not None and estimate.high is not None:
        assert estimate.low <= estimate.value <= estimate.high


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


def _covered(simulate: object, truth: float, trials: int = 120) -> float:
    rng = np.random.default_rng(7)
    hits = 0
    for _ in range(trials):
        estimate = simulate(rng)  # type: ignore[operator]
        hits += estimate.low <= truth <= estimate.high
    return hits / trials


@pytest.mark.parametrize("repeats", [1, 2, 4])
def test_rate_interval_covers_a_poisson_rate(repeats: int) -> None:
    def simulate(rng: np.random.Generator) -> stats.Estimate:
        samples = [sample(rng, i, 40.0) for i in range(repeats)]
        draws = stats.rate_draws(samples, stats.weights_of(samples, rng))
        return stats.interval(draws, stats.rate(samples), repeats)

    assert _covered(simulate, 40.0) >= 0.88


def test_ratio_interval_covers_no_difference_and_finds_a_large_one() -> None:
    def simulate(rng: np.random.Generator, second: float = 40.0) -> stats.Estimate:
        a = [sample(rng, i, 40.0) for i in range(2)]
        b = [sample(rng, i, second) for i in range(2)]
        wa, wb = stats.paired_weights(a, b, rng)
        draws = stats.divide(stats.rate_draws(a, wa), stats.rate_draws(b, wb))
        return stats.interval(draws, stats.rate(a) / stats.rate(b), 2)

    assert _covered(simulate, 1.0) >= 0.9
    assert simulate(np.random.default_rng(1), 15.0).excludes_one


def test_pairing_takes_away_what_both_repeats_share() -> None:
    """A repeat twice as fast for both sides widens each rate, hardly their ratio."""
    rng = np.random.default_rng(3)
    a = [sample(rng, 1, 400.0), sample(rng, 2, 800.0)]
    b = [sample(rng, 1, 200.0), sample(rng, 2, 400.0)]
    other = [Sample(**{**vars(s), "key": ("else", s.key)}) for s in b]

    def width(second: list[Sample]) -> float:
        wa, wb = stats.paired_weights(a, second, np.random.default_rng(5))
        draws = stats.divide(stats.rate_draws(a, wa), stats.rate_draws(second, wb))
        estimate = stats.interval(draws, stats.rate(a) / stats.rate(second), 2)
        assert estimate.low is not None
        assert estimate.high is not None
        return estimate.high - estimate.low

    assert width(b) < width(other) / 2


def test_median_draws_are_the_weighted_medians() -> None:
    bins = np.array([0, 0, 1, 2, 2])
    one = Sample(
        key=1, seconds=1.0, ended_bins=bins, amounts=np.ones(5), values=np.array([5.0, 1.0, 3.0, 9.0, 7.0]),
        value_bins=bins,
    )  # fmt: skip
    weights = np.zeros((stats.DRAWS, stats.BINS))
    weights[:, :3] = [2, 0, 1]  # 5 5 1 1 9 7
    assert stats.median_draws([one], [weights])[0] == 5.0
    weights[:, :3] = [0, 0, 1]  # 9 7
    assert stats.median_draws([one], [weights])[-1] == 8.0
    assert np.isnan(stats.median_draws([one], [np.zeros((stats.DRAWS, stats.BINS))])).all()


def test_nothing_answered_has_no_interval() -> None:
    empty = np.empty(0, dtype=np.int64)
    none = Sample(
        key=1, seconds=5.0, ended_bins=empty, amounts=np.empty(0), values=np.empty(0), value_bins=empty
    )
    draws = stats.rate_draws([none], stats.weights_of([none], np.random.default_rng(0)))
    assert stats.interval(draws, 0.0, 1) == stats.Estimate(value=0.0)
