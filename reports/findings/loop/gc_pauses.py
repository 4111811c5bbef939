"""Python stands still to collect garbage, often or for long: a big heap that is walked again and again."""

from __future__ import annotations

from collections.abc import Iterator

from scipy.special import gammaincinv

from reports.analysis.analysis import Analysis
from reports.evidence.service import Service
from reports.findings.common.binding import about
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.held import is_held
from reports.findings.loop.on_loop import work_on_loop
from reports.findings.loop.why_held import ONE_KIND

OFTEN = 0.05
"""The share of the time."""
CONFIDENCE = 0.95
MOST_OF_TIME, LEAST_LEFT = 0.9, 0.1
"""What is believed of pauses at most: the rest has to be done in some time."""
ADVICE = "call gc.freeze() once everything is loaded, and raise gc.set_threshold()"
FEWER = (
    "Have requests make fewer objects there, as by loading once what is the same for all, and collect none by"
    " hand; "
)


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
        on_loop = work_on_loop(inside)
        line = on_loop.line if on_loop.of_function >= ONE_KIND * inside.loop_busy else ""
        # Where that function is at work of its own for longer, it holds the loop, and pauses come of it.
        is_cause = not line or on_loop.of_function <= 2 * of_time
        yield Finding(
            code="gc-pauses",
            about=about(service),
            where=line,  # of what makes the garbage, or collects it
            compares_loads=False,
            binds="throughput" if is_held(service) else "latency",
            confidence="shown" if is_sure else "possible",
            severity="high" if of_time >= 2 * OFTEN and is_held(service) and is_cause else "medium",
            effect=_effect(service, of_time),
            evidence=(
                Evidence(figure="time spent collecting garbage", value=100 * of_time, unit="%"),
                Evidence(figure="longest pause", value=inside.gc_longest_ms, unit="ms"),
            ),
            advice=FEWER + ADVICE if line else ADVICE[0].upper() + ADVICE[1:],
        )


def _effect(service: Service, of_time: float) -> Effect:
    """Answers a second in the time that is left, or more, as shorter pauses leave shorter queues. Nothing
    where that is more than there can be of N users whose answers take R each, as at the light load but for
    its own pauses: N / R (Little 1961); nor of one load alone, of which nobody knows that."""
    heavy, light = service.heavy, service.light
    now = heavy.answers_per_second
    if not service.compared or not light.per_second or not heavy.per_second:
        return Effect(figure="answers a second", now=now)
    # The share is the mean of the processes that were looked at.
    pauses_s = (
        light.inside.gc_share * max(1, light.inside.servers) / light.per_second
        if light.inside is not None
        else 0.0
    )
    alone_s = max(LEAST_LEFT * light.seconds_each, light.seconds_each - pauses_s)
    most = now / heavy.per_second * heavy.in_flight / alone_s
    least = now / (1 - min(MOST_OF_TIME, of_time))
    if most < least:
        return Effect(figure="answers a second", now=now)
    return Effect(figure="answers a second", now=now, mended=least, low=least)


def _at_least(pauses: float) -> float:
    """The lower end of a rate's interval over the rate, of so many counted (Poisson; Garwood, 1936)."""
    return float(gammaincinv(pauses, (1 - CONFIDENCE) / 2)) / pauses if pauses else 0.0
