"""Nothing binds up to the highest load that was measured: what an answer takes is latency, if anything."""

from __future__ import annotations

from collections.abc import Iterator

from records.evidence.inside import Place
from reports.analysis.analysis import Analysis
from reports.evidence.service import LoadedPoint, Service
from reports.findings.finding import Effect, Evidence, Finding
from reports.findings.held import HELD, about, is_held

PART = 0.15
"""The share of the time in flight that a plain wait of the app's own takes to be worth a word."""
WAITS = frozenset(("sleep",))


def scales(analysis: Analysis) -> Iterator[Finding]:
    for service in analysis.services:
        if not service.compared or is_held(service):
            continue
        place, sampled_ms, part = _wait(service.heavy)
        answer_ms = 1e3 * service.heavy.seconds_each
        ms = min(sampled_ms, answer_ms)  # others ask it, too, and wait there
        figures = (
            Evidence(figure="requests in flight at the heaviest load", value=service.heavy.in_flight),
            Evidence(figure="answers a second, times the lightest load's", value=service.scale),
            Evidence(figure="requests that wait because of the load", value=100 * service.held,
                     unit="%"),
        )  # fmt: skip
        if part >= PART:
            yield Finding(
                code="latency-only", about=about(service), where=place.where, binds="latency",
                confidence="shown" if sampled_ms <= answer_ms else "likely", severity="low",
                effect=Effect(figure="mean E2E", unit="ms", now=answer_ms,
                              mended=answer_ms - ms if sampled_ms <= answer_ms else None),
                evidence=(Evidence(figure="a plain wait there", value=ms, unit="ms"), *figures),
                advice="Mend it where answers have to come sooner: it holds back nobody else",
            )  # fmt: skip
        else:
            yield Finding(
                code="scales-to-measured-limit", about=about(service), binds="nothing",
                confidence="shown" if service.held < HELD / 2 else "likely", severity="info",
                evidence=figures, advice=_advice(service),
            )  # fmt: skip


def _wait(point: LoadedPoint) -> tuple[Place, float, float]:
    waits = [(place, count) for place, count in point.places.items() if place.kind in WAITS]
    if not waits or not point.in_flight or not point.per_second:
        return Place(kind=""), 0.0, 0.0
    place, count = max(waits, key=lambda one: one[1])
    return place, 1e3 * count / point.per_second, count / point.in_flight


def _advice(service: Service) -> str:
    return f"Measure higher loads than {service.heavy.level.load.named} to find what binds first"
