"""Notes on answers of two kinds in one load, whose median is that of neither: some cached, some short."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.columns.kinds import Ints
from reports.figures.measured import values_of
from reports.figures.summary import CellSummary
from reports.figures.two_kinds import TwoKinds, two_kinds
from workloads.metric import Metric

TIMES_RATIO = 10.0
"""So many times as long as the quick kind's do the slow kind's take at least, by their medians,"""
APART_MS = 5.0
"""and so much longer."""
TOKENS_RATIO = 5.0


@dataclass(frozen=True, kw_only=True)
class KindsOfTimes(Note):
    """Some answers come so much sooner than the others that the median is that of neither."""

    code = "kinds-of-times"
    cell: str
    cells: int
    """That are so."""
    figure: str
    share: float
    """Of the quick ones."""
    quick_ms: float
    """The longest that one of them took,"""
    slow_ms: float
    """and the shortest of the others."""


@dataclass(frozen=True, kw_only=True)
class KindsOfLengths(Note):
    """Some good answers are so short beside the others that they may be errors in an answer's form."""

    code = "kinds-of-lengths"
    cell: str
    cells: int
    share: float
    """Of the short ones."""
    short: int
    """The commonest number of tokens of theirs,"""
    most: int
    """the highest,"""
    long: int
    """and the lowest of the others."""


def kinds(analysis: Analysis) -> Iterator[Note]:
    """Of each metric that is compared, and of tokens, the first cell that is so."""
    metrics = dict.fromkeys(cell.workload.compared for cell in analysis.cells)
    for metric in (one for one in metrics if one.unit == "ms"):
        if found := _in_cells(analysis, lambda cell, metric=metric: _of_times(cell, metric)):  # type: ignore[misc]
            (cell, at), *_ = found
            yield KindsOfTimes(
                cell=analysis.named(cell),
                cells=len(found),
                figure=metric.title,
                share=at.share,
                quick_ms=at.low,
                slow_ms=at.high,
            )
    if found := _in_cells(analysis, _of_tokens):
        (cell, at), *_ = found
        short = Counter(tokens for tokens in _tokens(cell).tolist() if tokens <= at.low).most_common(1)
        yield KindsOfLengths(
            cell=analysis.named(cell),
            cells=len(found),
            share=at.share,
            short=short[0][0],
            most=round(at.low),
            long=round(at.high),
        )


def _in_cells(
    analysis: Analysis, of: Callable[[CellSummary], TwoKinds | None]
) -> list[tuple[CellSummary, TwoKinds]]:
    """The valid cells of which that is so. A shape's are of several loads, and so of several kinds."""
    constant = (cell for cell in analysis.cells if cell.valid and not cell.cell.requested.get("shape"))
    return [(cell, found) for cell in constant if (found := of(cell)) is not None]


def _of_times(cell: CellSummary, metric: Metric) -> TwoKinds | None:
    if cell.workload.compared != metric:
        return None
    found = two_kinds(values_of(metric, cell.timed).floats, TIMES_RATIO)
    return found if found is not None and found.high - found.low >= APART_MS else None


def _of_tokens(cell: CellSummary) -> TwoKinds | None:
    return two_kinds(_tokens(cell), TOKENS_RATIO)


def _tokens(cell: CellSummary) -> Ints:
    tokens = cell.timed.integers("tokens")
    some: Ints = tokens[tokens != 0]
    return some
