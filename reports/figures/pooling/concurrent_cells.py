"""Cells that several masters measured at the same time: one measurement, in parts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from records.cells.cell import Cell, Verdict, Window
from records.cells.levels import LoadStage, LoadStages
from records.cells.reader import CellData, Run
from records.errors import RecordError
from reports.columns.blocks import requests_in
from reports.columns.requests import Requests
from reports.figures.pooling.alike import MACHINE, same_service, served_differently
from reports.figures.pooling.requested import workload_mismatch

SHARED_SHARE = 0.5
OWN = ("rate", "questions", "question_seed")
"""What each master may have of its own: the rate of an open loop, the path under which its machine has the
questions, and their order."""


@dataclass(frozen=True, kw_only=True)
class CellPart:
    """A cell as one directory holds it."""

    source: str
    data: CellData

    @cached_property
    def requests(self) -> Requests:
        """Raises RecordError for a record that has no column."""
        return requests_in(self.data.requests)

    @property
    def cell(self) -> Cell:
        return self.data.cell

    @property
    def window(self) -> Window | None:
        return self.cell.window


def shared_window(parts: Iterable[CellPart]) -> Window | None:
    """From the last end of warm-up to the first idle user, over all of them; None where there is no such
    time."""
    windows = [part.window for part in parts]
    known = [window for window in windows if window is not None]
    if not known or len(known) < len(windows):
        return None
    shared = Window(start_ns=max(w.start_ns for w in known), end_ns=min(w.end_ns for w in known))
    return shared if shared.seconds > 0 else None


def simultaneous(parts: Sequence[CellPart]) -> list[tuple[CellPart, ...]]:
    """The parts, those together that are one measurement.

    Several masters (one a region) that drive one service at the same time give it their load together:
    their rates add up. The same cell measured again is a repeat: its rate is averaged. What tells them
    apart: parts of one measurement lie in different directories, their cells have the same name, they
    had the same requested (what is in `OWN` may differ) of one service, with the same settings and code, and
    their windows share at least half of the shorter one's time. Clocks of different machines must therefore
    agree to well within a window.
    """
    groups: list[tuple[CellPart, ...]] = []
    for part in sorted(parts, key=lambda p: (p.window.start_ns if p.window else 0, p.source)):
        home = next((i for i, group in enumerate(groups) if _joins(part, group)), None)
        if home is None:
            groups.append((part,))
        else:
            groups[home] = (*groups[home], part)
    return groups


def _joins(part: CellPart, group: Sequence[CellPart]) -> bool:
    before, after = shared_window(group), shared_window([*group, part])
    if part.window is None or before is None or after is None:
        return False
    one, other = part.data.cell, group[0].data.cell
    if (one.name, one.workload) != (other.name, other.workload):
        return False
    if part.source in {known.source for known in group}:
        return False
    if not same_service(one, other) or served_differently(one, other):
        return False
    if workload_mismatch((one, other), but=OWN):
        return False
    return after.seconds >= SHARED_SHARE * min(before.seconds, part.window.seconds)


def merged_levels(parts: Sequence[LoadStages | None]) -> dict[str, Any]:
    """What a shape held in all the parts together, in the time in which all of them did: ``{}`` where they
    did not go through it side by side, as searches, each of which decides for itself, do not."""
    known = [part for part in parts if part is not None]
    if len(known) < len(parts) or len({(held.unit, len(held.levels)) for held in known}) != 1:
        return {}
    together = []
    for levels in zip(*(held.levels for held in known), strict=True):
        start_ns, end_ns = max(one.start_ns for one in levels), min(one.end_ns for one in levels)
        if end_ns < start_ns or any(one.status for one in levels):
            return {}
        together.append(
            LoadStage(
                level_from=sum(one.level_from for one in levels),
                level_to=sum(one.level_to for one in levels),
                start_ns=start_ns,
                end_ns=end_ns,
            )
        )
    return LoadStages(unit=known[0].unit, levels=tuple(together)).to_json()


def levels_apart(parts: Sequence[CellPart]) -> bool:
    """Did a shape go through levels that no table has, since the parts did not do so side by side?"""
    held = [part.data.cell.levels for part in parts]
    return len(parts) > 1 and any(one and one.levels for one in held) and not merged_levels(held)


def _in_one(parts: Sequence[CellPart]) -> dict[str, Any]:
    """Where each had its own, all of them in one text, whichever of them began first."""
    found = {}
    for key in (*OWN[1:], MACHINE):
        values = {str(part.data.cell.requested.get(key)) for part in parts}
        if len(values) > 1:
            found[key] = ", ".join(sorted(values))
    return found


def merged_cell(parts: Sequence[CellPart]) -> Cell:
    """One cell of all parts: their users together, in the time in which all of them measured.

    It is valid when every part is; its checks are all the parts', each under its directory's name.
    """
    first = parts[0].data.cell
    if len(parts) == 1:
        return first
    window = shared_window(parts)
    checks = tuple(
        replace(check, text=f"{part.source}: {check.text}")
        for part in parts
        for check in part.data.cell.verdict.checks
    )
    rates = [rate for part in parts if (rate := part.data.cell.requested.get("rate")) is not None]
    return replace(
        first,
        requested={**first.requested, **_in_one(parts), "rate": sum(rates) if rates else None},
        concurrency=sum(part.data.cell.concurrency for part in parts),
        achieved={
            "window": window and {"start_ns": window.start_ns, "end_ns": window.end_ns},
            **merged_levels([part.data.cell.levels for part in parts]),
        },
        verdict=Verdict(checks=checks),
    )


def first_of(requests: Requests) -> tuple[object, ...]:
    """What tells the first request of the first user from those of other cells; lines may be in any order."""
    worker = min(requests.manner.counts(lambda one: one.worker))
    own = requests.that(lambda one: one.worker == worker)
    place = int(np.lexsort((own.integers("seq"), own.integers("user")))[0])
    numbers = (int(own.integers(name)[place]) for name in ("user", "seq"))
    return (own.manner[place].run, worker, *numbers)


def refuse_copies(runs: Sequence[Run]) -> None:
    """A copied folder, or a cell beside its own run, would pass for another master that gave its load at
    the same time.

    Raises:
        RecordError: two cells with the same window, to the nanosecond, and the same first request.
    """
    seen: dict[object, Path] = {}
    for data in (data for run in runs for data in run.cells if data.cell.window and data.requests):
        first = (data.cell.window, *first_of(requests_in(data.requests)))
        if first in seen:
            raise RecordError(f"{seen[first]} and {data.path} hold the same measurement: give one of them")
        seen[first] = data.path
