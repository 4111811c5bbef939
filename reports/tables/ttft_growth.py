"""What makes the TTFT longer under load: a waterfall for each load, in tables."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.figures.load import heads
from reports.figures.text import number
from reports.figures.ttft_growth import TtftGrowth

GROWN_SHARE, GROWN_MS = 0.1, 1.0
"""A TTFT that differs by less is not worth a table."""
SHOWN_SHARE = 0.05
"""Of what a row's TTFT grew by: parts that are smaller in all rows share one column."""
Columns = dict[str, list[float]]
NOTE = (
    "Means of the requests ranked 45-55 % by TTFT (middle) and of the slowest tenth: each row adds up. "
    "q: longer in the stage's queue; unattributed: in no stage."
)


def ttft_growth_tables(analysis: Analysis) -> Iterator[Table]:
    groups: dict[tuple[str, str, str], list[TtftGrowth]] = {}
    for growth in analysis.ttft_growths:
        key = growth.deployment, growth.config, growth.since.label
        groups.setdefault(key, []).append(growth)
    for own in groups.values():
        if any(_worth_telling(growth) for growth in own):
            yield _table(own)


def _worth_telling(growth: TtftGrowth) -> bool:
    return abs(growth.grown_ms) >= max(GROWN_MS, GROWN_SHARE * growth.ttft_since_ms)


def _table(own: Sequence[TtftGrowth]) -> Table:
    """Of one service."""
    first, columns = heads(growth.load for growth in own), _columns(own)
    rows = [
        Row(cells=(
            *growth.load.cells(first), growth.ranked, number(growth.ttft_since_ms),
            *(_signed(column[i]) for column in columns.values()), number(growth.ttft_ms),
        ))
        for i, growth in enumerate(own)
    ]  # fmt: skip
    return Table(
        title=f"{own[0].deployment}: {own[0].config}: what makes the TTFT longer than at "
        f"{own[0].since.named} (ms)",
        columns=(*first, "Of", f"at {own[0].since.alone}", *columns, "TTFT"),
        rows=tuple(rows),
        notes=(NOTE,),
        keys=len(first) + 1,
    )


def _columns(own: Sequence[TtftGrowth]) -> Columns:
    """What each part grew by, a figure a row: those that are much of some row's growth, the others as one."""
    whole = [abs(growth.grown_ms) for growth in own]

    def much(column: Sequence[float]) -> bool:
        return any(abs(ms) >= SHOWN_SHARE * of > 0 for ms, of in zip(column, whole, strict=True))

    parts = _parts(own)
    shown = {name: column for name, column in parts.items() if much(column)}
    others = [sum(column[i] for name, column in parts.items() if name not in shown) for i in range(len(own))]
    if len(shown) < len(parts):
        shown["other stages"] = others
    return shown | {"unattributed": [growth.unattributed_ms for growth in own]}


def _parts(own: Sequence[TtftGrowth]) -> Columns:
    found: Columns = {}
    for i, growth in enumerate(own):
        for stage, part in growth.stages.items():
            for name, ms in ((f"{stage} q", part.queued_ms), (stage, part.running_ms)):
                found.setdefault(name, [0.0] * len(own))[i] = ms
    return found


def _signed(ms: float) -> str:
    return f"{'+' if ms > 0 else ''}{number(ms)}"
