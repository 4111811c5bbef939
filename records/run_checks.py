"""Checks of the measuring itself: did our own processes keep up, and was everything kept?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from records.cell import Check


@dataclass(frozen=True, kw_only=True)
class LoadWorker:
    """What one load process saw of itself while it measured; None: it did not say."""

    worker: str
    region: str
    loop_lag_p99_ms: float | None
    cpu_percent: float | None
    """Of one core."""

    def __str__(self) -> str:
        return f"{self.worker} in {self.region}" if self.region else self.worker


def kept(fault: OSError | None) -> Check:
    """Was every record written?"""
    return Check(
        name="records",
        status="fail" if fault else "pass",
        text=f"records were lost: {fault.strerror or fault}" if fault else "every record was written",
    )


def workers(expected: int, fewest: int) -> Check:
    """Was every load worker there all the time?"""
    return Check(
        name="workers",
        status="pass" if fewest >= expected else "fail",
        figure=fewest,
        bound=expected,
        text=f"at the fewest {fewest} of {expected} load workers were connected",
    )


LOOP_LAG_P99_MS = 20.0


def generator_lag(seen: Sequence[LoadWorker]) -> Check:
    """Was a load worker's own loop late? It sends late by as much."""
    return _of_the_worst(
        "generator-lag",
        [(one.loop_lag_p99_ms, one) for one in seen],
        LOOP_LAG_P99_MS,
        "the generator's loop was up to {:.1f} ms late (p99)",
    )


GENERATOR_CPU_PERCENT = 90.0


def generator_cpu(seen: Sequence[LoadWorker]) -> Check:
    """Was a load worker out of CPU?"""
    return _of_the_worst(
        "generator-cpu",
        [(one.cpu_percent, one) for one in seen],
        GENERATOR_CPU_PERCENT,
        "the generator's busiest process used {:.0f} % of a core",
    )


def _of_the_worst(
    name: str, figures: Sequence[tuple[float | None, LoadWorker]], bound: float, text: str
) -> Check:
    """The highest figure against its bound; of several workers it is said whose it is."""
    known = [(figure, one) for figure, one in figures if figure is not None]
    if not known:
        return Check(name=name, status="n/a", text="no load worker said it of itself")
    figure, worst = max(known, key=lambda pair: pair[0])
    whose = f": {worst}, of {len(figures)} workers" if len(figures) > 1 else ""
    return Check.bounded(name, figure, bound, text.format(figure) + whose)


PROFILER_INTERVAL_RATIO = 1.5


def profiler_interval(asked_s: float, gaps_s: Sequence[float]) -> Check:
    """Did the profiler keep its interval? The median gap between samples against the asked one."""
    if not gaps_s:
        return Check(name="profiler", status="n/a", text="the profiler took too few samples to tell")
    middle = sorted(gaps_s)[len(gaps_s) // 2]
    return Check.bounded(
        "profiler",
        middle / asked_s,
        PROFILER_INTERVAL_RATIO,
        f"a sample each {middle:.2f} s, {asked_s:.2f} s asked for",
    )
