"""Notes on how cells ended: did the clock end them before their requests were done, and how many answers came
while the load was falling away?"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Self

from records.cells.cell import Window
from records.cells.flags import WARMUP
from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.columns.requests import Requests
from reports.figures.pooling.concurrent_cells import CellPart
from workloads.judge import slowed_by_the_machine

MAX_SECONDS = 8
"""Of a cell, by a plan that does not say it."""
FULL_SHARE = 0.8
"""Of its longest time: a cell that took less, from its first request on, ended for another reason."""
FAILED_SHARE = 0.5
"""Of what ended in a cell: where more failed, more time would bring more failures, and no advice is it."""

FALLING_SHARE = 0.2
"""Of a cell's good answers: with so many that may be too short, the median is at worst what would be the 30th
percentile under the whole load."""


@dataclass(frozen=True, kw_only=True)
class FallingLoad(Note):
    """Many answers of a cell ended when users were idle already: they count in its times (a slow one that was
    left out for it would be missed), and had less of the service's queue before them."""

    code = "falling-load"
    cell: str
    answers: int
    of: int
    """Good answers that are in its times."""


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
    enough_seconds: int | None
    """What would let all of them finish, by the pace that each had; None: one of them had none."""


@dataclass(frozen=True, kw_only=True)
class _Allowed:
    """How many requests a cell was to have, and for how long it could be measured."""

    name: str
    requests: int
    seconds: float
    had: int
    took_seconds: float
    """Of what was measured; where there was no warm-up's end, from its first request to its last's end."""
    failed_share: float
    """Of all that ended, the warm-up too; 0 where nothing did."""
    slowed: bool
    """By the machine: its pace says nothing of how long its requests take."""

    @classmethod
    def of(cls, name: str, part: CellPart, requests: int, seconds: int) -> Self:
        """By the plan's numbers where the cell has none of its own: many users ask for more requests than the
        plan says, and one that is measured again may take longer."""
        asked, every, window = part.data.cell.requested, part.requests, part.window
        own_requests, own_seconds = asked.get("requests"), asked.get("max_seconds")
        return cls(
            name=name,
            had=_asked(every, window) + part.data.left_out.impossible,
            took_seconds=_seconds(every) if window is None else window.seconds,
            failed_share=_failed_share(every),
            slowed=slowed_by_the_machine(part.data.cell),
            requests=own_requests if type(own_requests) is int and own_requests > 0 else requests,
            seconds=own_seconds if isinstance(own_seconds, int | float) and own_seconds > 0 else seconds,
        )

    @property
    def ended_short(self) -> bool:
        """And would have done more than fail, or wait for the machine, with more time."""
        by_the_clock = self.had < self.requests and self.took_seconds >= FULL_SHARE * self.seconds
        return by_the_clock and self.failed_share <= FAILED_SHARE and not self.slowed


def ended_short(analysis: Analysis) -> Iterator[Note]:
    """Of each sweep, by what its cells were asked for, also where several masters made one together. Those
    of a dial end by the clock on purpose."""
    for source in analysis.sources:
        plan = source.run.meta.get("plan")
        if not isinstance(plan, dict) or plan.get("dial"):
            continue
        wanted, longest = plan.get("requests"), plan.get("max_seconds", MAX_SECONDS)
        if type(wanted) is not int or type(longest) is not int:
            continue
        cells = [
            _Allowed.of(analysis.named(part), part, wanted, longest)
            for cell in analysis.cells
            for part in cell.parts
            if part.source == source.name
        ]
        if short := [one for one in cells if one.ended_short]:
            yield EndedShort(
                cells=tuple(one.name for one in short),
                of=len(cells),
                seconds=min(one.seconds for one in short),
                most_seconds=max(one.seconds for one in short),
                fewest=min(one.had for one in short),
                most=max(one.had for one in short),
                requests=min(one.requests for one in short),
                most_requests=max(one.requests for one in short),
                enough_seconds=_enough_seconds(short),
            )


def falling_load(analysis: Analysis) -> Iterator[Note]:
    """Worst first. Where load comes by a schedule the time that is measured ends with its last answer."""
    found = [
        FallingLoad(cell=analysis.named(cell), answers=after, of=of)
        for cell in analysis.cells
        if cell.valid
        for after, of in [_after(cell.parts)]
        if after > FALLING_SHARE * of
    ]
    yield from sorted(found, key=lambda one: -one.answers / one.of)


def _after(parts: Sequence[CellPart]) -> tuple[int, int]:
    """Good answers that ended after the first idle user of their part, of how many."""
    after = of = 0
    for part in parts:
        if (window := part.window) is not None:
            timed = part.requests.measured(window).timed
            after += int((timed.ended_ns > window.end_ns).sum())
            of += len(timed)
    return after, of


def _enough_seconds(short: Sequence[_Allowed]) -> int | None:
    if any(one.had == 0 for one in short):
        return None
    return 10 * math.ceil(max(one.seconds * one.requests / one.had for one in short) / 10)


def _asked(every: Requests, window: Window | None) -> int:
    """Those that were to count; where there was no window, whatever came of them."""
    if window is not None:
        return len(every.measured(window))
    return len(every) - int(every.mask(lambda one: WARMUP in one.flags).sum())


def _failed_share(every: Requests) -> float:
    ended = every.where(every.mask(lambda one: one.outcome not in ("aborted", "dropped")))
    failed = int(ended.mask(lambda one: one.outcome != "ok").sum())
    return failed / len(ended) if len(ended) else 0.0


def _seconds(every: Requests) -> float:
    return (int(every.ended_ns.max()) - int(every.sent_ns.min())) / 1e9 if len(every) else 0.0
