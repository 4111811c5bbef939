"""Notes on how cells ended: did the clock end them before their requests were done?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.figures.summary import CellSummary

MAX_SECONDS = 8
"""Of a cell, by a plan that does not say it."""
FULL_SHARE = 0.8
"""Of its longest time: a cell that took less, from its first request on, ended for another reason."""


@dataclass(frozen=True, kw_only=True)
class EndedShort(Note):
    """Cells of a sweep that ended by ``--max-seconds``, with ``fewest`` to ``most`` of their requests."""

    code = "ended-short"
    cells: tuple[str, ...]
    of: int
    seconds: float
    fewest: int
    most: int
    requests: int
    enough_seconds: int
    """What would let them finish, by the pace that the slowest had."""


def ended_short(analysis: Analysis) -> Iterator[Note]:
    """Of each sweep, by what its plan says. Those of a dial end by the clock on purpose."""
    for source in analysis.sources:
        plan = source.run.meta.get("plan")
        if not isinstance(plan, dict) or plan.get("dial"):
            continue
        wanted, longest = plan.get("requests"), plan.get("max_seconds", MAX_SECONDS)
        if type(wanted) is not int or type(longest) is not int:
            continue
        cells = [cell for cell in analysis.cells if cell.source == source.name]
        short = [c for c in cells if 0 < len(c.counted) < wanted and _seconds(c) >= FULL_SHARE * longest]
        if short:
            counts = [len(cell.counted) for cell in short]
            yield EndedShort(
                cells=tuple(map(analysis.named, short)),
                of=len(cells),
                seconds=longest,
                fewest=min(counts),
                most=max(counts),
                requests=wanted,
                enough_seconds=10 * math.ceil(longest * wanted / min(counts) / 10),
            )


def _seconds(cell: CellSummary) -> float:
    """From its first request to its window's end."""
    began = int(cell.every.sent_ns.min()) if len(cell.every) else 0
    return 0.0 if cell.window is None else (cell.window.end_ns - began) / 1e9
