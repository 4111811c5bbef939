"""A reason to read figures with care, and how what it is of is named in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reports.analysis.note import Note
from reports.figures.text import listed

NAMED = 3
"""So many of a kind are named, the others counted."""


@dataclass(frozen=True, kw_only=True)
class Caution:
    """A reason to read figures with care: all of it, and in brief."""

    sentences: tuple[str, ...]
    brief: str


def more(notes: Sequence[Note], what: str) -> str:
    """How many others there are of the kind of the first; ``what``: the plural."""
    others = len(notes) - 1
    return f"; {others} more {what.removesuffix('s') if others == 1 else what} likewise" if others > 0 else ""


ALL_NAMED = "named by report --json"


def some(cells: Sequence[str]) -> str:
    """The first of them by name, and how many more there are."""
    others = len(cells) - NAMED
    return listed([*cells[:NAMED], *([f"{others} more, {ALL_NAMED}"] if others > 0 else [])])
