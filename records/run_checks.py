"""Checks of the measuring itself: did our own processes keep up, and was everything kept?"""

from __future__ import annotations

from collections.abc import Sequence

from records.cell import Check


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


def generator_lag(p99_ms: float | None) -> Check:
    """Was the load generator's own loop late? Every timestamp it takes is late by as much."""
    if p99_ms is None:
        return Check(name="generator-lag", status="n/a", text="the generator's loop lag was not measured")
    return Check.bounded(
        "generator-lag", p99_ms, LOOP_LAG_P99_MS, f"the generator's loop was up to {p99_ms:.1f} ms late (p99)"
    )


GENERATOR_CPU_PERCENT = 90.0


def generator_cpu(percent: float | None) -> Check:
    """Was the generator out of CPU? ``percent`` of one core, the busiest worker's."""
    if percent is None:
        return Check(name="generator-cpu", status="n/a", text="the generator's CPU was not measured")
    return Check.bounded(
        "generator-cpu",
        percent,
        GENERATOR_CPU_PERCENT,
        f"the generator's busiest process used {percent:.0f} % of a core",
    )


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
