"""Where throughput stops growing, and what the ceilings say of it: sentences, one a configuration."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.document.document import Paragraph
from reports.evidence.autoscaling import requested
from reports.figures.knees import Knee
from reports.figures.text import number, users
from reports.tables.foretold import prediction
from reports.words.full import full_at_top, full_sentence
from reports.words.growth import knee_sentence


def knee_paragraph(analysis: Analysis) -> Iterator[Paragraph]:
    lines = []
    for knee in analysis.knees:
        fixes = any(level.row.variant in analysis.of_fixes for level in analysis.levels if knee.has(level))
        full = full_at_top(analysis.ladders, knee)
        known = knee_sentence(knee, of_fixes=fixes, full=full)
        lines.append(f"{knee.deployment}/{knee.name}: {known}.")
        lines += [f"{prediction(one)}." for one in analysis.foretold if one.knee is knee]
        if full:
            lines.append(full_sentence(full, knee))
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
