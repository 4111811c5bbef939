"""What is not the bottleneck, with its figure: those who ask for a mend have to argue that first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from reports.analysis.analysis import Analysis
from reports.analysis.subject import Subject
from reports.evidence.service import Comparison, Service
from reports.findings.acquitted.not_between import not_between
from reports.findings.acquitted.not_computed import FREE, loop_figures, loop_is_free, not_computed
from reports.findings.acquitted.not_waited_for import not_waited_for
from reports.findings.common.binding import about
from reports.findings.common.finding import Evidence, Finding

SAME = 1.25
LITTLE = 0.02
"""Well below the bounds from which on finders speak: what lies between is neither."""


@dataclass(frozen=True, kw_only=True)
class Acquittal:
    """``code``: that of the finding which it is not."""

    code: str
    about: Subject
    evidence: tuple[Evidence, ...]
    comparison: Comparison

    def to_json(self) -> dict[str, Any]:
        evidence = [one.to_json() for one in self.evidence]
        return {
            "code": self.code,
            "about": self.about.to_json(),
            "evidence": evidence,
            "comparison": self.comparison,
        }


def acquittals(analysis: Analysis, found: Iterable[Finding]) -> tuple[Acquittal, ...]:
    """Of no service is said that it is not what was found of it."""
    accused = {(finding.about.name, finding.code) for finding in found}  # be it at a load that was not valid
    return tuple(
        one
        for service in analysis.services
        for one in _of(service)
        if (one.about.name, one.code) not in accused
    )


def _of(service: Service) -> Iterator[Acquittal]:
    heavy, light = service.heavy, service.light

    def free(code: str, *evidence: Evidence) -> Acquittal:
        return Acquittal(code=code, about=about(service), evidence=evidence, comparison=service.comparison)

    if (inside := heavy.inside) is not None:
        if loop_is_free(heavy, inside):
            yield free("event-loop-blocked", *loop_figures(heavy, inside))
        if inside.gc_share <= LITTLE:
            yield free(
                "gc-pauses",
                Evidence(figure="time spent collecting garbage", value=100 * inside.gc_share, unit="%"),
            )
    here, there = heavy.upstream, light.upstream
    if service.compared and here and there and 0 < here.ttft_ms <= SAME * there.ttft_ms:
        yield free(
            "llm-upstream-bound",
            Evidence(figure="the LLM server's own first token", value=here.ttft_ms, unit="ms"),
            Evidence(figure="at the lightest load", value=there.ttft_ms, unit="ms"),
        )
    if (machine := heavy.machine) is not None:
        processes = max(1, inside.servers) if inside is not None else 1
        if machine.wanted_cores <= FREE * processes:  # one interpreter takes one core at most
            yield free(
                "interpreter-bound",
                Evidence(figure="processor time", value=machine.cpu_cores, unit="cores"),
                Evidence(figure="processes that serve", value=processes),
            )
        if machine.throttled is not None and machine.throttled <= LITTLE:
            yield free(
                "cpu-throttled",
                Evidence(figure="periods in which it was stopped", value=100 * machine.throttled, unit="%"),
            )
    for code, evidence in (*not_computed(service), *not_waited_for(service), *not_between(service)):
        yield free(code, *evidence)
