"""What a slower stage costs, in a table a service: the elasticities that the dial measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.figures.dial import COUNTS, FEWEST_WINDOWS, Elasticity
from reports.figures.load import heads
from reports.tables.effects import saved_ms
from reports.words.dial import SLOWER_BY, if_slower

MEANING = (
    "Elasticity: 1 is 1 % more for each 1 % that the stage takes longer, -1 is 1 % less, 0 is no change; in "
    "brackets 95 % intervals. It says what the stage costs now: a stage that is fixed far enough "
    "leaves the place to another one."
)
SHOWN = f"{SLOWER_BY} slower: what that would do, where it is beyond {COUNTS:g} and chance."
DIALLED = (
    "Stages of under 2 ms are not slowed. All figures of this service above are of answers some of which "
    "were slowed on purpose."
)
FEW = f"'-': the stage was slowed in fewer than {FEWEST_WINDOWS} windows, or too few answers ended in them."


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
            saved_ms(found.throughput), saved_ms(found.compared), if_slower(found),
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
