"""Notes on how cells ended: did the clock end them before their requests were done?"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.figures.summary import CellSummary

MAX_SECONDS = 8
"""Of a cell, by a plan that does not say it."""
FULL_SHARE = 0.8
"""Of its longest time: a cell that took less, from its first request on, ended for another reason."""


@dataclass(frozen=True, kw_only=True)
class EndedShort(Note):
    """Cells of a sweep that ended by ``--max-seconds``, with ``fewest`` to ``most`` of their requests: of
    ``requests`` to ``most_requests``, in ``seconds`` to ``most_seconds``."""

    code = "ended-short"
    cells: tuple[str, ...]
    of: int
    seconds: float
    most_seconds: float
    fewest: int
    most: int
    requests: int
    most_requests: int
    enough_seconds: int
    """What would let all of them finish, by the pace that each had."""


@dataclass(frozen=True, kw_only=True)
class _Allowed:
    """How many requests a cell was to have, and for how long it could be measured."""

    cell: CellSummary
    requests: int
    seconds: float

    @classmethod
    def of(cls, cell: CellSummary, requests: int, seconds: int) -> Self:
        """By the plan's numbers where the cell has none of its own: many users ask for more requests than the
        plan says, and one that is measured again may take longer."""
        asked = cell.cell.requested
        own_requests, own_seconds = asked.get("requests"), asked.get("max_seconds")
        return cls(
            cell=cell,
            requests=own_requests if type(own_requests) is int and own_requests > 0 else requests,
            seconds=own_seconds if isinstance(own_seconds, int | float) and own_seconds > 0 else seconds,
        )

    @property
    def had(self) -> int:
        return len(self.cell.counted)

    @property
    def ended_short(self) -> bool:
        return 0 < self.had < self.requests and _seconds(self.cell) >= FULL_SHARE * self.seconds

    @property
    def enough_seconds(self) -> float:
        return self.seconds * self.requests / self.had


def ended_short(analysis: Analysis) -> Iterator[Note]:
    """Of each sweep, by what its cells were asked for. Those of a dial end by the clock on purpose."""
    for source in analysis.sources:
        plan = source.run.meta.get("plan")
        if not isinstance(plan, dict) or plan.get("dial"):
            continue
        wanted, longest = plan.get("requests"), plan.get("max_seconds", MAX_SECONDS)
        if type(wanted) is not int or type(longest) is not int:
            continue
        cells = [_Allowed.of(cell, wanted, longest) for cell in analysis.cells if cell.source == source.name]
        if short := [one for one in cells if one.ended_short]:
            yield EndedShort(
                cells=tuple(analysis.named(one.cell) for one in short),
                of=len(cells),
                seconds=min(one.seconds for one in short),
                most_seconds=max(one.seconds for one in short),
                fewest=min(one.had for one in short),
                most=max(one.had for one in short),
                requests=min(one.requests for one in short),
                most_requests=max(one.requests for one in short),
                enough_seconds=10 * math.ceil(max(one.enough_seconds for one in short) / 10),
            )


def _seconds(cell: CellSummary) -> float:
    """From its first request to its window's end."""
    began = int(cell.every.sent_ns.min()) if len(cell.every) else 0
    return 0.0 if cell.window is None else (cell.window.end_ns - began) / 1e9
