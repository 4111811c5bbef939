"""Two rows of one variant, in sentences: what the change between them is worth."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.document.sentence import Sentence
from reports.figures.compare import Comparison
from reports.figures.text import better, times
from reports.words import offered


def change_sentences(analysis: Analysis) -> Iterator[Sentence]:
    """Each pair at the highest load that both have: who gives a report two runs wants to know that first."""
    highest: dict[tuple[str, str, str, str], Comparison] = {}
    for c in sorted(analysis.comparisons, key=lambda c: c.load):
        if c.of_one_variant and c.throughput is not None and not c.workload_mismatch:
            highest[c.deployment, c.workload.name, c.reference, c.config] = c
    of_code = {(level.deployment, level.config) for level in analysis.levels if level.row.told}
    for i, c in enumerate(highest.values()):
        other = "other code, " if (c.deployment, c.config) in of_code else ""
        text = _at_a_rate(analysis, c, other) if offered.is_offered(c.load) else _sentence(c, other)
        yield Sentence(text=text, short=text, kept=i == 0)


def _sentence(c: Comparison, other: str) -> str:
    per, metric = c.workload.throughput.title, c.workload.median.title
    shown = c.throughput is not None and c.throughput.excludes_one
    none = "" if shown else ", which shows no difference"
    text = f"{c.deployment}: {c.config} has {times(c.throughput)} the {per} of {c.reference}{none}"
    if c.compared is not None and c.compared.excludes_one:
        text += f", and {metric} {better(c.compared)}"
    return f"{text} ({other}{c.load.named})."


def _at_a_rate(analysis: Analysis, c: Comparison, other: str) -> str:
    text = f"{c.deployment}: {c.config} {offered.gained(c)}; {offered.served_by(analysis, [c])}"
    return f"{text} ({other}{c.load.named})."
