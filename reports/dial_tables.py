"""What a slower stage costs, in a table a service: the elasticities that the dial measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.document import Row, Table
from reports.effect_tables import saved_ms
from reports.figures.dial import COUNTS, FEWEST_WINDOWS, SLOWER, Elasticity, changed, sign
from reports.figures.load import heads
from reports.figures.stats import Estimate
from reports.figures.text import NONE
from reports.sentence import Sentence

MEANING = (
    "Elasticity: 1 is 1 % more for each 1 % that the stage takes longer, -1 is 1 % less, 0 is no change; in "
    "brackets 95 % intervals. It says what the stage costs now: a stage that is mended far enough "
    "leaves the place to another one."
)
SLOWER_BY = f"{100 * (SLOWER - 1):.0f} %"
SHOWN = f"{SLOWER_BY} slower: what that would do, where it is beyond {COUNTS:g} and chance."
DIALLED = (
    "Stages of under 2 ms are not slowed. All figures of this service above are of answers some of which "
    "were slowed on purpose."
)
FEW = f"'-': the stage was slowed in fewer than {FEWEST_WINDOWS} windows, or too few answers ended in them."


def dial_sentences(analysis: Analysis) -> Iterator[Sentence]:
    """Of each service at its highest load: what its stages would do if they were slower."""
    highest: dict[tuple[str, str], list[Elasticity]] = {}
    for found in sorted(analysis.dials, key=lambda found: found.load):
        own = highest.setdefault((found.deployment, found.config), [])
        if own and own[0].load != found.load:
            own.clear()
        own.append(found)
    for (deployment, config), own in highest.items():
        said = [f"{found.stage}: {_if_slower(found)}" for found in own if any(found.signs)]
        if said:
            where = f"{deployment}/{config} at {own[0].load.named}"
            text = f"{where}, by stage if it were {SLOWER_BY} slower: {'; '.join(said)}."
            yield Sentence(text=text, short=text)


def dial_tables(analysis: Analysis) -> Iterator[Table]:
    groups: dict[tuple[str, str, str], list[Elasticity]] = {}
    for found in analysis.dials:
        groups.setdefault((found.deployment, found.config, found.workload.name), []).append(found)
    yield from map(_table, groups.values())


def _table(own: Sequence[Elasticity]) -> Table:
    workload, first = own[0].workload, heads(found.load for found in own)
    rows = [
        Row(cells=(
            *found.load.cells(first), found.stage, f"{found.own_ms:.1f}", str(found.windows),
            saved_ms(found.throughput), saved_ms(found.compared), _if_slower(found),
        ))
        for found in own
    ]  # fmt: skip
    notes = [MEANING, SHOWN, DIALLED]
    if any(found.throughput is None or found.compared is None for found in own):
        notes.append(FEW)
    return Table(
        title=f"{own[0].deployment}: {own[0].config}: what a slower stage costs (elasticities)",
        columns=(
            *first, "Stage", "ms", "Windows", workload.throughput.title, workload.compared.title,
            f"{SLOWER_BY} slower",
        ),
        rows=tuple(rows),
        notes=tuple(notes),
    )  # fmt: skip


def _if_slower(found: Elasticity) -> str:
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
