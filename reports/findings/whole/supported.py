"""What mocking a part gained, beside findings about that part: it supports them, or speaks against them.

An effect is no cause: mocking a stage heals what only waits for it, too. But a part that takes nothing of the
cycle when it is gone was not what held the service.
"""

from __future__ import annotations

from dataclasses import replace
from typing import get_args

from records.services.variants import EMBEDDINGS, LLM, Switch
from reports.analysis.analysis import Analysis
from reports.figures.attribution import CYCLE, PartEffect
from reports.findings.common.binding import about
from reports.findings.common.finding import Confidence, Evidence, Finding
from reports.findings.loop.on_loop import BLOCKED, LLM_CLIENT, work_on_loop

NOTHING = 0.05
"""Where the whole interval lies below this share of the time, mocking the part gains nothing."""
FACTORS = {EMBEDDINGS: "embeddings", LLM: "llm"}
OF_CODES = {"embedding-cpu-bound": EMBEDDINGS, "llm-upstream-bound": LLM, LLM_CLIENT.code: LLM}
OF_WORK = {"embedding": EMBEDDINGS, "llm-client": LLM}


def supported(analysis: Analysis, finding: Finding) -> Finding:
    """With the effect of its part's mock, and less sure where that gains nothing."""
    part = _part(analysis, finding)
    effect = None if part is None else _effect(analysis, finding, part)
    if part is None or effect is None or effect.estimate is None:
        return finding
    saved = effect.together or effect.estimate
    time = "each cycle" if effect.of == CYCLE else effect.title
    line = Evidence(
        figure=f"less of {time} without {part.part}",
        value=saved.value,
        unit="ms",
        low=saved.low,
        high=saved.high,
    )
    against = saved.high is not None and effect.now is not None and saved.high < NOTHING * effect.now
    return replace(
        finding,
        evidence=(*finding.evidence, line),
        confidence=_less_sure(finding.confidence) if against else finding.confidence,
    )


def _part(analysis: Analysis, finding: Finding) -> Switch | None:
    """The part that can be mocked and that it is about: by its code, by the stage, by what holds the loop."""
    if finding.code in OF_CODES:
        return OF_CODES[finding.code]
    for switch in FACTORS:
        if finding.where == f"stage {switch.stage}":
            return switch
    for service in analysis.services if finding.code == BLOCKED.code else ():
        if about(service) == finding.about and service.heavy.inside is not None:
            return OF_WORK.get(work_on_loop(service.heavy.inside).kind)
    return None


def _effect(analysis: Analysis, finding: Finding, part: Switch) -> PartEffect | None:
    """On what the finding says that it holds, where the mocks stood beside that very row and load."""
    place = finding.about
    own = (
        effect
        for effect in analysis.effects
        if (effect.deployment, effect.reference, effect.load) == (place.deployment, place.config, place.load)
        and effect.factor == FACTORS[part]
        and effect.of == (CYCLE if finding.binds == "throughput" else effect.workload.median.key)
    )
    return next(own, None)


def _less_sure(sure: Confidence) -> Confidence:
    all_of_them: tuple[Confidence, ...] = get_args(Confidence)
    return all_of_them[min(all_of_them.index(sure) + 1, len(all_of_them) - 1)]
