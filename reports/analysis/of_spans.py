"""Notes on spans that an app sent, or did not: stage times that they give, and why they give none."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from records.cells import layout
from records.cells.spans import Gathered, read_gathered
from records.errors import RecordError
from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.analysis.subject import Subject
from reports.figures.summary import OperatingPoint

MISSING_SHARE = 0.01
"""Of the answers: fewer without spans are in no stage's times, and change none."""
Why = Literal["other-clock", "other-traces", "none", "full", "unnamed", "some"]


@dataclass(frozen=True, kw_only=True)
class SpansMissing(Note):
    """Answers have no stage times, though spans were asked for."""

    code = "spans-missing"
    at: Subject
    why: Why
    answers: int
    """Of a load, that have none,"""
    of: int
    """and all of its that need some."""


def spans_missing(analysis: Analysis) -> Iterator[Note]:
    """Loads with many such answers, most first."""
    found = [note for level in analysis.levels if level.valid and (note := _missing(level)) is not None]
    yield from sorted(found, key=lambda note: -note.answers / note.of)


def _missing(level: OperatingPoint) -> SpansMissing | None:
    every = list(_gathered(level))
    of = sum(one.answers for one in every)
    without = sum(one.answers - (0 if one.other_clock else one.staged) for one in every)
    if without <= MISSING_SHARE * of:
        return None
    return SpansMissing(at=Subject.of(level), why=_why(every, of), answers=without, of=of)


def _gathered(level: OperatingPoint) -> Iterator[Gathered]:
    for cell in level.valid_cells:
        for part in cell.parts:
            with suppress(RecordError, OSError):
                yield read_gathered(part.data.path / layout.SPANS)


def _why(every: list[Gathered], of: int) -> Why:
    if any(one.other_clock for one in every):
        return "other-clock"
    if any(one.full for one in every):
        return "full"
    spanned = sum(one.spanned for one in every)
    if not spanned:
        return "other-traces" if sum(one.others for one in every) >= of else "none"
    if not any(one.staged for one in every):
        return "unnamed"
    return "some"
