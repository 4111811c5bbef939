"""Where throughput stops growing, and what the ceilings say of it: sentences, one a configuration."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.document.document import Paragraph
from reports.evidence.ladder import Ladder
from reports.figures.knees import Knee
from reports.figures.text import spread
from reports.tables.foretold import prediction
from reports.tables.ladder import named
from reports.words.growth import knee_sentence


def knee_paragraph(analysis: Analysis) -> Iterator[Paragraph]:
    lines = []
    for knee in analysis.knees:
        fixes = any(level.row.variant in analysis.of_fixes for level in analysis.levels if knee.has(level))
        lines.append(f"{knee.deployment}/{knee.name}: {knee_sentence(knee, of_fixes=fixes)}.")
        lines += [f"{prediction(one)}." for one in analysis.foretold if one.knee is knee]
        if knee.concurrency is None:
            lines += [line for one in analysis.ladders if (line := _ceiling(one, knee))]
    if lines:
        yield Paragraph(title="Where throughput stops growing", lines=tuple(lines))


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
