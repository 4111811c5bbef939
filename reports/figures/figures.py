"""What a cell or a level measured, from its requests: every figure of its workload by its key."""

from __future__ import annotations

import zlib
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from records.cells.cell import Window
from records.cells.finish_reasons import is_unknown
from records.cells.flags import LATE
from records.cells.measure import wanted_answers
from reports.columns.kinds import Floats
from reports.columns.requests import Requests
from reports.figures import stats
from reports.figures.measured import Values, amounts_of, count_of, values_of
from reports.figures.stats import Estimate, Sample
from workloads.metric import Quantile
from workloads.workload import Workload


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a cell or a level measured, in the units of its workload; None where answers were too few."""

    workload: Workload
    requests: int
    """Requests sent inside the window, failed ones too."""
    failures: int
    late: int
    """Of the requests, those whose times a stall of the load generator may have moved: in no latency."""
    seconds: float
    answers: int
    """Good answers that ended inside the window."""
    throughput: Estimate | None
    estimates: Mapping[str, Estimate | None]
    """By the key of each quantile: ``ttft_p50``."""
    endless: Mapping[str, float | None]
    """The same with every failure as never answered: ``ttft_p95_with_failures``."""
    means: Mapping[str, float | None]
    """By the name of each metric that has one: ``documents``."""
    good: int
    """Good answers that are not late: what latencies are of."""
    without: int
    """Of them, those without the metric that is compared: of thoughts alone, without TTFT."""
    unknown_ends: tuple[tuple[str, int], ...]
    """Of them, how many ended for which reason that is not known, the commonest first."""
    counted_by_usage: bool
    """Most of their tokens were counted by the service, not by what was streamed."""
    traits: Mapping[str, int]
    """By the name of each trait, how many of the answers that the metric is of have it: ``thoughts``."""

    def at(self, key: str) -> Estimate | None:
        """One of ``estimates``; None where the workload has no such thing, either."""
        return self.estimates.get(key)

    @property
    def median(self) -> Estimate | None:
        """Of the metric that is compared."""
        return self.at(self.workload.median.key)

    def without_throughput(self) -> Figures:
        return replace(self, throughput=None)


def generator(name: str) -> np.random.Generator:
    """The same random numbers for the same name, in every run of the report."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def figures_of(
    workload: Workload,
    counted: Requests,
    samples: Sequence[Sample],
    throughput: Estimate | None,
) -> Figures:
    """Of the measured requests; a late one that failed is a failure all the same."""
    good, timed = counted.good, counted.timed
    failed = len(counted) - len(good)
    estimates: dict[str, Estimate | None] = {}
    endless: dict[str, float | None] = {}
    means: dict[str, float | None] = {}
    traits: dict[str, int] = {}
    for metric in workload.metrics:
        believed = timed if metric.dated else good
        values = values_of(metric, believed)
        found = stats.percentile_estimates(values.parts, values.divisor, metric.quantiles)
        estimates |= {each.key: one for each, one in zip(metric.estimates, found, strict=True)}
        endless |= {each.key: _endless(each, values, failed) for each in metric.endless}
        if metric.mean:
            means[metric.name] = float(values.floats.mean()) if len(values) else None
        if metric.trait:
            traits[metric.trait.name] = count_of(metric.trait, believed)
    by_usage = timed.mask(lambda one: one.token_source == "usage")
    return Figures(
        workload=workload,
        requests=len(counted),
        failures=failed,
        late=int(counted.mask(lambda one: LATE in one.flags).sum()),
        seconds=sum(s.seconds for s in samples),
        answers=sum(len(s.ended_bins) for s in samples),
        throughput=throughput,
        estimates=estimates,
        endless=endless,
        means=means,
        good=len(timed),
        without=len(timed) - int(np.count_nonzero(values_of(workload.compared, timed).counts)),
        unknown_ends=tuple(_unknown_ends(timed).most_common()),
        counted_by_usage=int(by_usage.sum()) * 2 > len(timed),
        traits=traits,
    )


def _unknown_ends(timed: Requests) -> Counter[str]:
    """How many ended for which reason that is not known."""
    reasons = timed.manner.counts(lambda one: one.finish_reason)
    return Counter({reason: count for reason, count in reasons.items() if is_unknown(reason)})


def _endless(quantile: Quantile, values: Values, failed: int) -> float | None:
    """With failures as the worst that there is."""
    worst = 0.0 if quantile.metric.higher_is_better else float("inf")
    every = np.concatenate([values.floats, np.full(failed, worst)])
    wanted = wanted_answers(max(quantile.q, 1 - quantile.q))
    return stats.percentile(every, quantile.q) if len(every) >= wanted else None


def throughput_of(samples: Sequence[Sample], name: str) -> tuple[Estimate | None, Floats]:
    """Throughput with its interval, and the stretched draws that it came from."""
    if not sum(s.seconds for s in samples) > 0:
        return None, np.empty(0)
    value, repeats = stats.rate(samples), stats.repeats_of(samples)
    draws = stats.rate_draws(samples, stats.weights_of(samples, generator(name)))
    return stats.interval(draws, value, repeats), stats.spread(draws, value, repeats)


def figures_in(
    workload: Workload,
    window: Window | None,
    counted: Requests,
    every: Requests,
    *,
    key: Hashable,
    name: str,
) -> tuple[Sample, Figures]:
    """What one load measured in a time: latencies of those ``counted`` that are not late, throughput of those
    of ``every`` that ended in it. ``name``: of its random numbers."""
    sample = sample_in(workload, window, counted, every, key=key)
    throughput, _ = throughput_of([sample], name)
    return sample, figures_of(workload, counted, [sample], throughput)


def sample_in(
    workload: Workload, window: Window | None, counted: Requests, every: Requests, *, key: Hashable
) -> Sample:
    """The raw material of these figures."""
    start, end, seconds = (window.start_ns, window.end_ns, window.seconds) if window else (0, 0, 0.0)
    ended = every.good_ended_in(window)
    believed = counted.timed if workload.compared.dated else counted.good
    compared = values_of(workload.compared, believed)
    return Sample(
        key=key,
        seconds=max(0.0, seconds),
        ended_bins=stats.bins_of(ended.ended_ns, start, end),
        amounts=amounts_of(workload.throughput, ended),
        values=compared.floats,
        value_bins=stats.bins_of(believed.sent_ns[compared.owners], start, end),
    )
