"""Python stands still to collect garbage, often or for long: a big heap that is walked again and again."""

from __future__ import annotations

from collections.abc import Iterator

from scipy.special import gammaincinv

from reports.analysis.analysis import Analysis
from reports.findings.common.binding import about
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.held import is_held

OFTEN = 0.05
"""The share of the time."""
CONFIDENCE = 0.95


def gc_pauses(analysis: Analysis) -> Iterator[Finding]:
    for service in analysis.services:
        inside = service.heavy.inside
        if inside is None:
            continue
        machine = service.heavy.machine
        # A pause is as long as the clock says, also while the machine runs something else.
        of_time = inside.gc_share * (1 - ((machine and machine.run_delay) or 0.0))
        is_sure = of_time * _at_least(inside.gc_pauses) >= OFTEN
        if of_time < OFTEN or not (is_sure or of_time >= 2 * OFTEN):
            continue  # a long pause or two that fell into a short cell
        now = service.heavy.answers_per_second
        mended = now / (1 - min(0.9, of_time))
        yield Finding(
            code="gc-pauses",
            about=about(service),
            compares_loads=False,
            binds="throughput" if is_held(service) else "latency",
            confidence="shown" if is_sure else "possible",
            severity="high" if of_time >= 2 * OFTEN and is_held(service) else "medium",
            effect=Effect(figure="answers a second", now=now, mended=mended, low=mended),
            evidence=(
                Evidence(figure="time spent collecting garbage", value=100 * of_time, unit="%"),
                Evidence(figure="longest pause", value=inside.gc_longest_ms, unit="ms"),
            ),
            advice="Call gc.freeze() once everything is loaded, and raise gc.set_threshold()",
        )


def _at_least(pauses: float) -> float:
    """The lower end of a rate's interval over the rate, of so many counted (Poisson; Garwood, 1936)."""
    return float(gammaincinv(pauses, (1 - CONFIDENCE) / 2)) / pauses if pauses else 0.0
