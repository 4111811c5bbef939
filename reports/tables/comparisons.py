"""Configurations beside the one that they are compared with, in times."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from records.services.variants import mocked_by
from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.figures.compare import Comparison
from reports.figures.load import heads
from reports.figures.text import NONE, listed, times
from reports.notes.footnotes import ratio_notes
from reports.words.offered import AT_A_RATE, is_offered

EFFECT_NOTE = (
    "An effect is not yet a cause: mocking a stage also relieves whatever only waits for it, and below the "
    "level where growth stops a faster stage saves latency, not capacity."
)


def comparison_tables(analysis: Analysis) -> Iterator[Table]:
    groups: dict[tuple[str, str, str], list[Comparison]] = {}
    for c in analysis.comparisons:
        groups.setdefault((c.deployment, c.workload.name, c.reference), []).append(c)
    told = {(lv.deployment, lv.config): lv.row.told for lv in analysis.levels if lv.row.told}
    for own in groups.values():
        rows = dict.fromkeys((c.deployment, config) for c in own for config in (c.reference, c.config))
        behind = [f"{row[1]}: {told[row]}" for row in rows if row in told]
        yield _table(own, [f"Runs of other code: {listed(behind)}."] if behind else [])


def _mocks(config: str) -> bool:
    """Does a variant of that name, whatever else sets it apart, mock anything?"""
    return bool(mocked_by(config.partition(" ")[0]))


def _table(own: Sequence[Comparison], behind: Sequence[str]) -> Table:
    """Of one deployment and workload, with one reference."""
    rows, first, workload = [], heads(c.load for c in own), own[0].workload
    per, metric = workload.throughput.title, workload.compared
    for c in sorted(own, key=lambda c: c.load):
        ratios = ((per, c.throughput), (metric.title, c.compared))
        difference = [name for name, ratio in ratios if ratio is not None and ratio.excludes_one]
        says = ", ".join(difference) if difference else "no difference shown"
        if c.throughput is None and c.compared is None:
            says = NONE
        both = (times(c.throughput), times(c.compared))
        rows.append(Row(cells=(*c.load.cells(first), c.config, *both, says)))
    absent = ["'-': one of the two has no valid cell at that load."]
    if not any(c.throughput is None and not c.differ_in for c in own):
        absent = []
    return Table(
        title=f"{own[0].deployment}: times faster than {own[0].reference}",
        columns=(*first, "Configuration", per, workload.median.title, "Differs in"),
        rows=tuple(rows),
        notes=(
            "Above 1 is faster. 'Differs in': whose 95 % interval excludes 1.",
            *([AT_A_RATE.format(per, metric.title)] if any(is_offered(c.load) for c in own) else []),
            *([EFFECT_NOTE] if any(_mocks(c.config) or _mocks(c.reference) for c in own) else []),
            *behind,
            *absent,
            *ratio_notes(own),
        ),
    )
