"""Lines of evidence as they were written down, whatever became of their file since: copied in parts, joined
with a copy of itself, sorted by somebody, or written by two at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any, TypeVar

from records.files import good_lines

T = TypeVar("T")
Look = Callable[[T], tuple[Any, ...]]
"""The time of what a line says, and after it what tells it from others of that time."""


def in_order(path: Path, parse: Callable[[bytes], T], look: Look[T]) -> list[T]:
    """What `records.files.good_lines` makes of a file, by its time, and each look once. Raises OSError."""

    def with_line(line: bytes) -> tuple[bytes, T]:
        return line, parse(line)

    return once_in_order(good_lines(path, with_line), look)


def once_in_order(found: Iterable[tuple[bytes, T]], look: Look[T]) -> list[T]:
    """Each with its text, which decides where two say different things of one look: the order in which they
    are found decides nothing."""
    ordered = sorted(((look(one), text, one) for text, one in found), key=itemgetter(0, 1))
    return [next(same)[2] for _, same in groupby(ordered, key=itemgetter(0))]
