"""Where throughput stops growing, and what the ceilings say of it: sentences, one a configuration."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.document.document import Paragraph
from reports.evidence.autoscaling import requested
from reports.evidence.ladder import Ladder
from reports.figures.knees import Knee
from reports.figures.text import number, spread, users
from reports.tables.foretold import prediction
from reports.tables.ladder import named
from reports.words.growth import knee_sentence


def knee_paragraph(analysis: Analysis) -> Iterator[Paragraph]:
    lines = []
    for knee in analysis.knees:
        lines.append(f"{knee.deployment}/{knee.name}: {knee_sentence(knee)}.")
        lines += [f"{prediction(one)}." for one in analysis.foretold if one.knee is knee]
        if knee.concurrency is None:
            lines += [line for one in analysis.ladders if (line := _ceiling(one, knee))]
        lines += _of_request(analysis, knee)
    if lines:
        yield Paragraph(title="Where throughput stops growing", lines=tuple(lines))


def _of_request(analysis: Analysis, knee: Knee) -> Iterator[str]:
    """What an autoscaler would have seen there, or at the highest valid load."""
    at = knee.concurrency or knee.top
    level = next((one for one in analysis.levels if knee.has(one) and one.load.users == at), None)
    found = None if level is None else requested(level.valid_cells)
    if found is None:
        return
    own = found.autoscaler
    rule = f"the HPA {own.name}, at {own.cpu_percent:g} %" if own else "an HPA at 80 %, its default"
    whose = "its pod uses" if found.replicas == 1 else f"its {found.replicas} pods use"
    used = f"At {users(at)} {whose} {number(found.cpu_cores)} cores, {100 * found.share:.0f} % of its request"
    if found.without:
        names = ", ".join(found.without)
        yield f"{used}: {rule}, would not have acted, for {names} requests no CPU."
    elif found.wanted > found.replicas:
        yield f"{used}: {rule}, would have fired, and asked for {found.wanted} pods."
    else:
        yield f"{used}: {rule}, would have added no pod."


def _ceiling(found: Ladder, knee: Knee) -> str:
    """Of a knee that the levels do not show: what is full already allows only so much."""
    service = found.service
    if (service.deployment, service.config) != (knee.deployment, knee.config):
        return ""
    full = next((rung for rung in found.rungs if rung.binds_now and rung.ceiling), None)
    if full is None:
        return ""
    return (
        f"By what an answer takes of it, its {named(full.resource)} allows {spread(full.ceiling)} answers a "
        f"second, and is {100 * full.share:.0f} % used at {service.heavy.level.load.named}."
    )
