"""A note on stacks that could not be taken."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.analysis.subject import Subject
from reports.evidence.stacks import stacks_of


@dataclass(frozen=True, kw_only=True)
class NoStacks(Note):
    """py-spy was asked for stacks, and gave none at a load."""

    code = "no-stacks"
    at: Subject
    why: str


def no_stacks(analysis: Analysis) -> Iterator[Note]:
    for level in analysis.levels:
        found = stacks_of(level.valid_cells)
        if found is not None and found.error and not found.samples:
            yield NoStacks(at=Subject.of(level), why=found.error)
