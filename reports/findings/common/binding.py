"""A finding of a place where requests wait: whose it is, what mending gives, how sure and how bad it is."""

from __future__ import annotations

from reports.analysis.subject import Subject
from reports.evidence.excess import Excess
from reports.evidence.gates import KEPT, is_gate, let_in
from reports.evidence.service import Service
from reports.figures.stats import Estimate
from reports.findings.common.finding import Binds, Confidence, Effect, Evidence, Finding, Severity
from reports.findings.common.held import MOST, is_held, requests_of, share, where
from reports.findings.common.mending import Mend, mended

SHOWN = 0.75
"""The share of all that wait because of the load from which on one place is the cause alone. Below, what
waits elsewhere may be why it takes so long here, as where a lock is held while something slow is awaited:
then nothing is predicted."""
WAIT_THERE = "requests that wait there because of the load"
"""Beyond those who would by what an answer takes there at the light load; of one load alone all who queue."""
GAIN_HIGH, GAIN_MEDIUM = 1.25, 1.1
"""How many times the answers a second mending would give, as severities."""


def about(service: Service) -> Subject:
    return Subject.of(service.heavy.level)


def binds(service: Service) -> Binds:
    """What a cause holds back in a service that is held."""
    return "throughput" if is_held(service) else "latency"


def effect_of(service: Service, mend: Mend | None) -> Effect:
    """On what is held: answers a second now, and once that is mended, up to what the next resource allows; or
    else the time to the first token. None: what mending it gives cannot be told."""
    if is_held(service):
        best = mended(service, mend) if mend is not None and service.compared else None
        return _rate_effect(service, best)
    now, light = 1e3 * service.heavy.ttft_s, 1e3 * service.light.ttft_s
    after = None if mend is None else now - min(sum(one.ms for one in mend.found), now - light)
    return Effect(figure="mean TTFT", unit="ms", now=now, mended=after)


def _rate_effect(service: Service, best: Estimate | None) -> Effect:
    """``best``: requests a second then; None: it cannot be told."""
    requests, now = service.heavy.per_second, service.heavy.answers_per_second
    if best is None or not requests or best.value < requests:
        return Effect(figure="answers a second", now=now)
    good = now / requests  # of those that end then, as many as now are answers
    low, high = (None if end is None else good * end for end in (best.low, best.high))
    return Effect(figure="answers a second", now=now, mended=good * best.value, low=low, high=high)


def severity(effect: Effect) -> Severity:
    """Of what costs latency alone nobody knows that it costs much."""
    later = effect.unit == "ms"
    if effect.mended is None or not effect.now or not effect.mended:
        return "medium" if later else "high"
    gain = effect.now / effect.mended if later else effect.mended / effect.now
    return "high" if gain >= GAIN_HIGH else "medium" if gain >= GAIN_MEDIUM else "low"


def confidence(service: Service, of_excess: float) -> Confidence:
    if not service.compared:
        return "likely"
    return "shown" if of_excess >= SHOWN else "likely"


def waiting_evidence(service: Service, found: tuple[Excess, ...]) -> tuple[Evidence, ...]:
    """How many more wait there than would by the light load, of how many, and what that adds to an answer: at
    most all that the load adds. Who waits here may wait the less elsewhere, as for what comes meanwhile."""
    heavy = service.heavy
    requests = min(requests_of(found), service.waiting, heavy.in_flight)
    ms = min(sum(one.ms for one in found), service.added_ms, 1e3 * heavy.seconds_each)
    return (
        Evidence(figure=WAIT_THERE, value=requests),
        Evidence(figure="requests in flight", value=heavy.in_flight),
        Evidence(figure="time that this adds to each answer", value=ms, unit="ms"),
    )


def kept_behind(service: Service, found: tuple[Excess, ...]) -> bool:
    """Do those wait, too, whom these gates let in, be it that nobody knows for what? Then more room there may
    give nothing."""
    heavy = service.heavy
    if not found or not all(is_gate(heavy, one.place) for one in found):
        return False
    passed = min(let_in(heavy, one.place) for one in found)
    return service.waiting - requests_of(found) >= KEPT * passed


def binding(
    service: Service, code: str, found: tuple[Excess, ...], *, advice: str,
    evidence: tuple[Evidence, ...] = (), effect: Effect | None = None, place: str | None = None,
    sure: Confidence | None = None,
) -> Finding:  # fmt: skip
    """A resource that these wait for, where it is most of what the load adds; ``place``: the app's line, if
    not the one at which they wait. Where it is less and has no effect of its own, it is what binds next."""
    part, queue = share(found), sum(one.before for one in found)
    behind = effect is None and part < MOST
    told = part >= SHOWN and not queue and not kept_behind(service, found)
    effect = effect or effect_of(service, Mend(found=found) if told else None)
    before = Evidence(figure="of these in the queue before it, whose others wait here", value=queue)
    next_one = Evidence(figure="of all that wait because of the load", value=100 * part, unit="%")
    return Finding(
        code=code,
        about=about(service),
        where=where(found) if place is None else place,
        binds="next" if behind else binds(service),
        confidence=sure or confidence(service, part if told or part < SHOWN else MOST),
        severity="medium" if behind else severity(effect),
        effect=effect,
        evidence=(
            *waiting_evidence(service, found),
            *([before] if queue else []),
            *([next_one] if behind else []),
            *evidence,
        ),
        advice=advice,
    )
