"""What a cell or a level measured, from its requests: every figure of the report by its name."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from records.cell import Window
from records.finish_reasons import unknown_ends
from records.measure import ended_inside, wanted_answers
from records.request import LATE, RequestRecord
from reports import stats
from reports.stats import Estimate, Floats, Sample


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a cell or a level measured. Latencies in ms; None where there were too few answers."""

    requests: int
    """Requests sent inside the window, failed ones too."""
    failures: int
    late: int
    """Of the requests, those whose times a stall of the load generator may have moved: in no latency."""
    seconds: float
    answers: int
    """Good answers that ended inside the window."""
    rps: Estimate | None
    ttft_p50: Estimate | None
    ttft_p95: Estimate | None
    ttft_p99: Estimate | None
    ttft_p95_with_failures: float | None
    """p95 with every failure as +inf."""
    ttft_p99_with_failures: float | None
    e2e_p50: Estimate | None
    e2e_p95: Estimate | None
    tpot_p50: Estimate | None
    itl_p50: Estimate | None
    itl_p99: Estimate | None
    headers_p50: Estimate | None
    first_event_p50: Estimate | None
    first_generated_p50: Estimate | None
    """To the first token of any kind: of a model that thinks, before its answer."""
    thoughts: int
    """Good answers that are not late in which a thought came before the answer's first token."""
    good: int
    """Good answers that are not late: what latencies are of."""
    without_ttft: int
    """Of them, those without a token of the answer: thoughts alone."""
    unknown_ends: tuple[tuple[str, int], ...]
    """Of them, how many ended for which reason that is not known, the commonest first."""
    counted_by_usage: bool
    """Most of their tokens were counted by the service, not by what was streamed."""
    documents: float | None
    """Documents found, mean a good answer."""


def generator(name: str) -> np.random.Generator:
    """The same random numbers for the same name, in every run of the report."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def _since_start(good: Iterable[RequestRecord], moment: Callable[[RequestRecord], int | None]) -> list[float]:
    """Milliseconds from each request's start to ``moment``, where it happened."""
    return [(at - r.start_ns) / 1e6 for r in good if (at := moment(r)) is not None]


def good_and_timed(counted: Iterable[RequestRecord]) -> list[RequestRecord]:
    """The good answers whose times may be believed: latencies are of them alone."""
    return [r for r in counted if r.outcome == "ok" and LATE not in r.flags]


def figures_of(counted: Sequence[RequestRecord], samples: Sequence[Sample], rps: Estimate | None) -> Figures:
    """Of the measured requests; a late one that failed is a failure all the same."""
    good = good_and_timed(counted)
    ttft = [ms for r in good if (ms := r.ttft_ms) is not None]
    failed = sum(r.outcome != "ok" for r in counted)
    with_failures = ttft + [float("inf")] * failed
    e2e = [r.e2e_ms for r in good]
    # The mock LLM's answer is written at once: it has no time between tokens, not one of 0 ms.
    streamed = [r for r in good if "mock-answer" not in r.flags]
    gaps = [gap / 1000 for r in streamed for gap in r.gaps_us]
    found = [r.documents for r in counted if r.outcome == "ok" and r.documents is not None]

    def infinite(q: float) -> float | None:
        wanted = wanted_answers(q)
        return stats.percentile(with_failures, q) if len(with_failures) >= wanted else None

    at = stats.percentile_estimate
    return Figures(
        requests=len(counted),
        failures=failed,
        late=sum(LATE in r.flags for r in counted),
        seconds=sum(s.seconds for s in samples),
        answers=sum(len(s.ended_bins) for s in samples),
        rps=rps,
        ttft_p50=at(ttft, 0.5),
        ttft_p95=at(ttft, 0.95),
        ttft_p99=at(ttft, 0.99),
        ttft_p95_with_failures=infinite(0.95),
        ttft_p99_with_failures=infinite(0.99),
        e2e_p50=at(e2e, 0.5),
        e2e_p95=at(e2e, 0.95),
        tpot_p50=at([ms for r in streamed if (ms := r.tpot_ms) is not None], 0.5),
        itl_p50=at(gaps, 0.5),
        itl_p99=at(gaps, 0.99),
        headers_p50=at(_since_start(good, lambda r: r.headers_at_ns), 0.5),
        first_event_p50=at(_since_start(good, lambda r: r.first_event_at_ns), 0.5),
        first_generated_p50=at(_since_start(good, lambda r: r.first_generated_at_ns), 0.5),
        thoughts=sum(r.thought_first for r in good),
        good=len(good),
        without_ttft=len(good) - len(ttft),
        unknown_ends=tuple(unknown_ends(good).most_common()),
        counted_by_usage=sum(r.token_source == "usage" for r in good) * 2 > len(good),
        documents=sum(found) / len(found) if found else None,
    )


def rps_of(samples: Sequence[Sample], name: str) -> tuple[Estimate | None, Floats]:
    """RPS with its interval, and the stretched draws that it came from."""
    if not sum(s.seconds for s in samples) > 0:
        return None, np.empty(0)
    value, repeats = stats.rate(samples), stats.repeats_of(samples)
    draws = stats.rate_draws(samples, stats.weights_of(samples, generator(name)))
    return stats.interval(draws, value, repeats), stats.spread(draws, value, repeats)


def figures_in(
    window: Window | None,
    counted: Sequence[RequestRecord],
    every: Sequence[RequestRecord],
    *,
    key: Hashable,
    name: str,
) -> tuple[Sample, Figures]:
    """What one load measured in a time: latencies of those ``counted`` that are not late, RPS of those of
    ``every`` that ended in it. ``name``: of its random numbers."""
    start, end, seconds = (window.start_ns, window.end_ns, window.seconds) if window else (0, 0, 0.0)
    with_ttft = [r for r in good_and_timed(counted) if r.ttft_ms is not None]
    sample = Sample(
        key=key,
        seconds=max(0.0, seconds),
        ended_bins=stats.bins_of([r.ended_at_ns for r in ended_inside(every, window)], start, end),
        values=np.asarray([r.ttft_ms for r in with_ttft], dtype=np.float64),
        value_bins=stats.bins_of([r.sent_at_ns for r in with_ttft], start, end),
    )
    rps, _ = rps_of([sample], name)
    return sample, figures_of(counted, [sample], rps)
