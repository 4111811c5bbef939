"""What a service's stages would do if they were slower, in words."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.document.sentence import Sentence
from reports.figures.dial import SLOWER, Elasticity, changed, sign
from reports.figures.stats import Estimate
from reports.figures.text import NONE

SLOWER_BY = f"{100 * (SLOWER - 1):.0f} %"


def dial_sentences(analysis: Analysis) -> Iterator[Sentence]:
    """Of each service at its highest load: what its stages would do if they were slower."""
    highest: dict[tuple[str, str], list[Elasticity]] = {}
    for found in sorted(analysis.dials, key=lambda found: found.load):
        own = highest.setdefault((found.deployment, found.config), [])
        if own and own[0].load != found.load:
            own.clear()
        own.append(found)
    for (deployment, config), own in highest.items():
        said = [f"{found.stage}: {if_slower(found)}" for found in own if any(found.signs)]
        if said:
            where = f"{deployment}/{config} at {own[0].load.named}"
            text = f"{where}, by stage if it were {SLOWER_BY} slower: {'; '.join(said)}."
            yield Sentence(text=text, short=text)


def if_slower(found: Elasticity) -> str:
    """What such a stage would do, as far as it is known: ``RPS -20 %, TTFT +25 %``."""
    if found.throughput is None and found.compared is None:
        return NONE
    named = (
        (found.workload.throughput.title, found.throughput),
        (found.workload.compared.title, found.compared),
    )
    said = [f"{title} {_percent(one)}" for title, one in named if one is not None and sign(one)]
    return ", ".join(said) or "no change shown"


def _percent(found: Estimate) -> str:
    return f"{100 * (changed(found, SLOWER).value - 1):+.0f} %"
