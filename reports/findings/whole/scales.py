"""Nothing binds up to the highest load that was measured: what an answer takes is latency, if anything."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from records.evidence.inside import Place
from reports.analysis.analysis import Analysis
from reports.evidence.alone import Met, met_alone
from reports.evidence.kinds import AWAY, SLEEPS
from reports.evidence.service import Service
from reports.findings.common.binding import about
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.findings.common.held import LOSS, is_held, is_late, is_much_held
from reports.findings.whole.accused import accused


@dataclass(frozen=True, kw_only=True)
class Wait:
    """A plain one of an answer's, which is there at any load and holds back nobody else."""

    place: Place
    ms: float
    figure: str
    """Of what it is a part, the means,"""
    of_ms: float
    """and how long that takes."""
    loss: float
    """As a loss counts: the part of the answers a second that users lose who ask again and again, or by how
    much later the first token comes."""


def scales(analysis: Analysis, found: Sequence[Finding]) -> Iterator[Finding]:
    """``found``: what the others say of the same analysis. A service of whose requests a few wait, for no
    cause that anybody finds, still scales."""
    named = accused(found)
    for service in analysis.services:
        if not service.compared:
            continue
        if is_much_held(service) or (is_held(service) and about(service) in named):
            continue
        figures = (
            Evidence(figure="requests in flight at the heaviest load", value=service.heavy.in_flight),
            Evidence(figure="times as many answers a second as at the lightest load", value=service.scale),
            Evidence(figure="requests that wait because of the load", value=100 * service.held,
                     unit="%"),
        )  # fmt: skip
        wait = max(_waits(service), key=lambda one: one.loss, default=None)
        if wait is not None and wait.loss >= LOSS:
            whole = wait.ms <= wait.of_ms  # else others ask it, too, and wait there
            mended = wait.of_ms - wait.ms if whole else None
            yield Finding(
                code="latency-only", about=about(service), where=wait.place.where, binds="latency",
                confidence="shown" if whole else "likely", severity="low",
                effect=Effect(figure=wait.figure, unit="ms", now=wait.of_ms, mended=mended),
                evidence=(
                    Evidence(figure="a plain wait there", value=min(wait.ms, wait.of_ms), unit="ms"),
                    Evidence(figure=f"of the {wait.figure}", value=min(100.0, 100 * wait.ms / wait.of_ms),
                             unit="%"),
                    *figures,
                ),
                advice="Fix it where answers have to come sooner: it holds back nobody else",
            )  # fmt: skip
        else:
            yield Finding(
                code="scales-to-measured-limit", about=about(service), binds="nothing",
                confidence="likely" if about(service) in named or _some_wait(service) else "shown",
                severity="info",
                evidence=figures, advice=_advice(service),
            )  # fmt: skip


def _some_wait(service: Service) -> bool:
    """By the answers a second, or before their first token."""
    return service.held >= LOSS / 2 or is_late(service)


def _waits(service: Service) -> Iterator[Wait]:
    """Each as a part of an answer's whole time, and of that until the first token where it is before that."""
    heavy = service.heavy
    if heavy.inside is None or not heavy.per_second:
        return
    found = {
        place: 1e3 * n / heavy.per_second for place, n in heavy.places.items() if place.kind in AWAY | SLEEPS
    }
    e2e_ms, ttft_ms = 1e3 * heavy.seconds_each, 1e3 * heavy.ttft_s
    if not any(ms >= LOSS * e2e_ms or ms >= LOSS * (ttft_ms - ms) for ms in found.values()):
        return
    alone = met_alone(service.light)
    for place, ms in found.items():
        met = alone.get(place, Met(before=0.0, without_llm=0.0))
        if place.kind in SLEEPS or met.is_not_the_llm:
            yield Wait(place=place, ms=ms, figure="mean E2E", of_ms=e2e_ms, loss=ms / e2e_ms)
            if met.delays_first_token and ttft_ms:
                loss = ms / max(ttft_ms - ms, ms)  # more than half of it is a loss in any case
                yield Wait(place=place, ms=ms, figure="mean TTFT", of_ms=ttft_ms, loss=loss)


def _advice(service: Service) -> str:
    return f"Measure higher loads than {service.heavy.level.load.named} to find what binds first"
