"""Two rows of one variant, in sentences: what the change between them is worth."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.document.sentence import Sentence
from reports.figures.compare import Comparison
from reports.figures.stats import Estimate
from reports.figures.text import times


def change_sentences(analysis: Analysis) -> Iterator[Sentence]:
    """Each pair at the highest load that both have: who gives a report two runs wants to know that first."""
    highest: dict[tuple[str, str, str, str], Comparison] = {}
    for c in sorted(analysis.comparisons, key=lambda c: c.load):
        if c.of_one_variant and c.throughput is not None and not c.workload_mismatch:
            highest[c.deployment, c.workload.name, c.reference, c.config] = c
    of_code = {(level.deployment, level.config) for level in analysis.levels if level.row.told}
    for i, c in enumerate(highest.values()):
        text = _sentence(c, "other code, " if (c.deployment, c.config) in of_code else "")
        yield Sentence(text=text, short=text, kept=i == 0)


def _sentence(c: Comparison, other: str) -> str:
    per, metric = c.workload.throughput.title, c.workload.median.title
    shown = c.throughput is not None and c.throughput.excludes_one
    none = "" if shown else ", which shows no difference"
    text = f"{c.deployment}: {c.config} has {times(c.throughput)} the {per} of {c.reference}{none}"
    if c.compared is not None and c.compared.excludes_one:
        text += f", and {metric} {better(c.compared)}"
    return f"{text} ({other}{c.load.named})."


def better(ratio: Estimate) -> str:
    """Above 1 is better: ``2.00x (1.90-2.10) better``; else how many times worse."""
    if ratio.value >= 1 or ratio.low is None or ratio.high is None or ratio.low <= 0:
        return f"{times(ratio)} better"
    return f"{times(Estimate(value=1 / ratio.value, low=1 / ratio.high, high=1 / ratio.low))} worse"
