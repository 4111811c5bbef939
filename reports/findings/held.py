"""What finders of a binding resource share: which services are held back, and what mending would give."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

from records.evidence.inside import Place
from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.evidence.service import Excess, Service
from reports.findings.finding import Confidence, Effect, Evidence, Finding, Severity
from reports.findings.mending import mended

HELD = 0.25
"""The share of the requests in flight that has to wait because of the load before a cause is looked for."""
NORMAL, CORRELATED = 1.96, 2.0
"""Half of a normal distribution's 95 % interval, in standard errors; how many times wider it is taken, for
answers that come one after the other are alike."""
MOST = 0.4
"""The share of those that has to wait at one kind of place for that to be the cause."""
SHOWN = 0.75
"""From here on it is alone. Below, what waits elsewhere may be why it takes so long here, as where a lock is
held while something slow is awaited: then nothing is predicted."""
GAIN_HIGH, GAIN_MEDIUM = 1.25, 1.1
"""How many times the answers a second mending would give, as severities."""


def held(analysis: Analysis) -> Iterator[Service]:
    """Those whose requests wait because of the load, beyond what the intervals leave open."""
    return (service for service in analysis.services if is_held(service))


def is_held(service: Service) -> bool:
    if service.held < HELD:
        return False
    return _slower(service) or _fewer(service)


def _slower(service: Service) -> bool:
    """By the answers' times, of which even a few tell more than their number a second does."""
    few, many = service.light, service.heavy
    if not service.compared or not few.seconds_each:
        return not service.compared
    unsure = CORRELATED * NORMAL * math.hypot(few.seconds_each_error, many.seconds_each_error)
    return many.seconds_each / few.seconds_each * math.exp(-unsure) > 1 / (1 - HELD / 2)


def _fewer(service: Service) -> bool:
    """By the answers a second."""
    few, many = service.light.level.figures.throughput, service.heavy.level.figures.throughput
    if not service.compared or few is None or many is None or few.low is None or many.high is None:
        return True
    wanted = service.heavy.in_flight / service.light.in_flight if service.light.in_flight else 0.0
    if min(few.low, few.value, many.value) <= 0:
        return True
    # The two are independent: their logarithms' half-widths add as squares do, and not one to the other.
    unsure = math.hypot(math.log(few.value / few.low), math.log(many.high / many.value))
    return many.value / few.value * math.exp(unsure) < (1 - HELD / 2) * wanted


def waiting(service: Service, of: Callable[[Place], bool]) -> tuple[Excess, ...]:
    """The excess at places of one kind, the greatest first."""
    return tuple(one for one in service.excesses if of(one.place))


def share(found: tuple[Excess, ...]) -> float:
    return sum(one.share for one in found)


def where(found: tuple[Excess, ...]) -> str:
    """The app's line at which most of them wait; empty where it is none of its own."""
    return next((one.place.where for one in found if one.place.where), "")


def about(service: Service) -> Subject:
    return Subject.of(service.heavy.level)


def rate_effect(service: Service, found: tuple[Excess, ...], *, predictable: bool = True) -> Effect:
    """Answers a second now, and without what waits there: up to what the next resource allows."""
    requests, now = service.heavy.per_second, service.heavy.answers_per_second
    best = mended(service, found) if predictable and service.compared else None
    if best is None or not requests or best.value < requests:
        return Effect(figure="answers a second", now=now)
    good = now / requests  # of those that end then, as many as now are answers
    low, high = (None if end is None else good * end for end in (best.low, best.high))
    return Effect(figure="answers a second", now=now, mended=good * best.value, low=low, high=high)


def severity(effect: Effect) -> Severity:
    if effect.mended is None or not effect.now:
        return "high"
    gain = effect.mended / effect.now
    return "high" if gain >= GAIN_HIGH else "medium" if gain >= GAIN_MEDIUM else "low"


def confidence(service: Service, of_excess: float) -> Confidence:
    if not service.compared:
        return "likely"
    return "shown" if of_excess >= SHOWN else "likely"


def waiting_evidence(service: Service, found: tuple[Excess, ...]) -> tuple[Evidence, ...]:
    """How many wait, of how many, and what that takes of an answer: at most all of it."""
    heavy = service.heavy
    requests = min(sum(one.requests for one in found), heavy.in_flight)
    ms = min(sum(one.ms for one in found), 1e3 * heavy.seconds_each)
    return (
        Evidence(figure="requests that wait there", value=requests),
        Evidence(figure="requests in flight", value=heavy.in_flight),
        Evidence(figure="time that this adds to each answer", value=ms, unit="ms"),
    )


def binding(
    service: Service, code: str, found: tuple[Excess, ...], *, advice: str,
    evidence: tuple[Evidence, ...] = (), effect: Effect | None = None, place: str | None = None,
    sure: Confidence | None = None,
) -> Finding:  # fmt: skip
    """A resource that these wait for, where it is most of what the load adds; ``place``: the app's line, if
    not the one at which they wait."""
    effect = effect or rate_effect(service, found, predictable=share(found) >= SHOWN)
    return Finding(
        code=code,
        about=about(service),
        where=where(found) if place is None else place,
        binds="throughput",
        confidence=sure or confidence(service, share(found)),
        severity=severity(effect),
        effect=effect,
        evidence=(*waiting_evidence(service, found), *evidence),
        advice=advice,
    )
