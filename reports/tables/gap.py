"""Less CPU, or wasted CPU: the gap between two deployments, by a third that has the CPU of one of them."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.figures.gap import Gap
from reports.figures.load import heads
from reports.figures.text import NONE, times

UNEQUAL = "'-': they did not get equal CPU there; something else on this machine took it."


def gap_tables(analysis: Analysis) -> Iterator[Table]:
    groups: dict[tuple[str, str, str], list[Gap]] = {}
    for gap in analysis.gaps:
        groups.setdefault((gap.first, gap.equal, gap.second), []).append(gap)
    for (first, equal, second), own in groups.items():
        columns = heads(gap.load for gap in own)
        yield Table(
            title=f"Why {second} answers less than {first}: less CPU, or wasted CPU",
            columns=(*columns, "Configuration", "Whole", "Less CPU", "Wasted CPU", "Less CPU's share"),
            rows=tuple(_row(gap, columns) for gap in own),
            notes=(
                f"Whole: {first} over {second}. Less CPU: {first} over {equal}, which has as much CPU as "
                f"{second}, threads that fit it, and no long stops.",
                f"Wasted CPU: {equal} over {second}; the two multiply to the whole.",
                *([UNEQUAL] if any(not gap.is_equal for gap in own) else []),
            ),
            keys=len(columns) + 1,
        )


def _row(gap: Gap, columns: tuple[str, ...]) -> Row:
    share = NONE if gap.less_share is None else f"{100 * gap.less_share:.0f} %"
    if not gap.is_equal:
        share = f"- ({gap.equal_cores:.2f}/{gap.second_cores:.2f} cores)"
    figures = (times(gap.whole), times(gap.less), times(gap.wasted))
    return Row(cells=(*gap.load.cells(columns), gap.config, *figures, share))
