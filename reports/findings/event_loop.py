"""Something runs on the event loop and holds it: all other requests, and their streams, wait meanwhile."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from records.inside import READY, RUNNING
from reports.analysis.analysis import Analysis
from reports.evidence.inside import SeenInside
from reports.evidence.libraries import OWN, family
from reports.evidence.service import OUTSIDE, Service
from reports.findings.finding import Evidence, Finding
from reports.findings.held import MOST, binding, held, rate_effect, share, waiting

BUSY = 0.7
"""The share of the time in which the loop's thread runs something, from which on it is the loop that is
waited for, also by what it has not met."""
ONE_KIND = 0.5
"""The share of that which has to be of one kind of work."""
LONG_MS = 5.0
"""How long the loop takes, on the mean, to come to what is asked of it, where one thing holds it; many small
ones only fill it."""


@dataclass(frozen=True, kw_only=True)
class Held:
    code: str
    advice: str


BY_FAMILY = {
    "client-setup": Held(
        code="client-per-request",
        advice="Make one client when the app starts and share it: each new one reads the trusted"
        " certificates and opens connections of its own",
    ),
    "model-load": Held(
        code="model-load-on-request-path",
        advice="Load and check the model once, before the app says that it is ready",
    ),
    "llm-client": Held(
        code="llm-client-blocking",
        advice="Use the LLM library's asynchronous client and await it, or run the call in a thread",
    ),
    "search": Held(
        code="search-bound",
        advice="Search in a thread of its own, use an approximate index, or give the store a process",
    ),
    "text": Held(
        code="preprocessing-on-loop",
        advice="Move the work on the text to a thread or a process, or do less of it for each request",
    ),
}
BLOCKED = Held(
    code="event-loop-blocked",
    advice="Move this call off the event loop: await an asynchronous version of it, or run it in a thread",
)
FULL = Held(
    code="interpreter-bound",
    advice="Run more worker processes: one Python process runs one thing at a time, and this one is full",
)


def event_loop(analysis: Analysis) -> Iterator[Finding]:
    for service in held(analysis):
        inside = service.heavy.inside
        if inside is None:
            continue
        kinds = {READY, RUNNING} | ({OUTSIDE.kind} if inside.loop_busy >= BUSY else set())
        found = waiting(service, lambda place, kinds=kinds: place.kind in kinds)  # type: ignore[misc]
        if share(found) < MOST or inside.loop_busy < BUSY:
            continue
        kind, of_kind = _work(inside)
        one_line, of_line = _line(inside)
        long = inside.lag_ms >= LONG_MS
        why = _why(kind, of_kind / inside.loop_busy, long, of_line / inside.loop_busy)
        yield binding(
            service,
            why.code,
            found,
            place=one_line if why is not FULL else "",
            advice=why.advice,
            effect=rate_effect(service, found, predictable=kind not in ("embedding", "search")),
            evidence=(
                Evidence(figure="the loop's thread is busy", value=100 * inside.loop_busy, unit="%"),
                Evidence(figure="of that at this line", value=100 * of_line / inside.loop_busy, unit="%"),
                Evidence(figure="the loop comes late by", value=inside.lag_ms, unit="ms"),
                *probe_evidence(service),
            ),
        )


def probe_evidence(service: Service) -> tuple[Evidence, ...]:
    """What a cheap path took under load and before it."""
    probed = service.heavy.probed
    if probed is None or probed.path_ms is None or probed.path_idle_ms is None:
        return ()
    return (
        Evidence(figure="a cheap path answers in", value=probed.path_ms, unit="ms"),
        Evidence(figure="and in, before the load", value=probed.path_idle_ms, unit="ms"),
    )


def _why(kind: str, of_kind: float, long: bool, of_line: float) -> Held:
    if of_kind >= ONE_KIND and kind in BY_FAMILY:
        return BY_FAMILY[kind]
    if long and (of_kind >= ONE_KIND if kind != OWN else of_line >= ONE_KIND):
        return BLOCKED
    return FULL


def _work(inside: SeenInside) -> tuple[str, float]:
    found: Counter[str] = Counter()
    for work, busy in inside.running:
        found[family(work)] += busy  # type: ignore[assignment]
    return max(found.items(), key=lambda one: one[1], default=("", 0.0))


def _line(inside: SeenInside) -> tuple[str, float]:
    """The app's line at which the loop's thread is most, whatever that calls."""
    found: Counter[str] = Counter()
    for work, busy in inside.running:
        found[work.where] += busy  # type: ignore[assignment]
    return max(found.items(), key=lambda one: one[1], default=("", 0.0))
