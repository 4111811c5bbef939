"""A table of many rows, kept by its columns: arrays of numbers, and each text once with its code."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Literal, Protocol

import numpy as np
import pandas as pd

Kind = Literal["integer", "integer or none", "number", "truth", "text"]
"""In pandas: int64, Int64, float64 (NaN: none), bool, category."""


_NUMBER = re.compile(r"(\d+(?:\.\d+)?)", re.ASCII)


class Column(Protocol):
    """One that takes values a piece at a time. Where it was given none, it has none."""

    def extend(self, at: int, values: Sequence[Any]) -> None:
        """The values of the rows from ``at`` on. Raises OverflowError for an integer of more than 64 bits."""

    def finished(self, rows: int) -> Any:
        """The whole of it, in pandas' form; its pieces are let go."""


class _Plain:
    def __init__(self, dtype: Any, none: Any) -> None:
        self._dtype, self._none = dtype, none
        self._pieces: list[tuple[int, Any]] = []

    def extend(self, at: int, values: Sequence[Any]) -> None:
        if None in values:
            none = self._none
            values = [none if value is None else value for value in values]
        self._pieces.append((at, np.fromiter(values, self._dtype, len(values))))

    def finished(self, rows: int) -> Any:
        whole = np.full(rows, self._none, self._dtype)
        while self._pieces:
            at, piece = self._pieces.pop()
            whole[at : at + len(piece)] = piece
        return whole


class _Maybe(_Plain):
    """Integers, of which some are missing: no float holds nanoseconds since 1970."""

    def __init__(self) -> None:
        super().__init__(np.int64, 0)
        self._known = _Plain(np.bool_, False)

    def extend(self, at: int, values: Sequence[Any]) -> None:
        super().extend(at, values)
        known = [value is not None for value in values] if None in values else [True] * len(values)
        self._known.extend(at, known)

    def finished(self, rows: int) -> Any:
        return pd.arrays.IntegerArray(super().finished(rows), ~self._known.finished(rows))


def natural(text: str) -> tuple[list[str | float], str]:
    """Alphabetical, but numbers by their size: a load of 2 users comes before one of 10."""
    parts = _NUMBER.split(text)
    return [float(part) if i % 2 else part for i, part in enumerate(parts)], text


class _Texts(_Plain):
    def __init__(self) -> None:
        super().__init__(np.int32, -1)
        self._codes: dict[str | None, int] = {None: -1}

    def extend(self, at: int, values: Sequence[Any]) -> None:
        codes = self._codes
        for value in set(values) - codes.keys():
            codes[value] = len(codes) - 1
        super().extend(at, list(map(codes.__getitem__, values)))

    def finished(self, rows: int) -> Any:
        """With the texts in `natural` order, which a group by them then has."""
        ordered = sorted((text for text in self._codes if text is not None), key=natural)
        place = np.empty(len(ordered) + 1, np.int32)
        place[-1] = -1  # of none, whose code is -1
        for new, text in enumerate(ordered):
            place[self._codes[text]] = new
        return pd.Categorical.from_codes(place[super().finished(rows)], pd.Index(ordered, dtype="str"))


def _column(kind: Kind) -> Column:
    if kind == "integer":
        return _Plain(np.int64, 0)
    if kind == "number":
        return _Plain(np.float64, np.nan)
    if kind == "truth":
        return _Plain(np.bool_, False)
    return _Texts() if kind == "text" else _Maybe()


class Table:
    """Columns in the order in which they were declared, or first given."""

    def __init__(self, declared: Iterable[tuple[str, Kind]]) -> None:
        self.rows = 0
        self._columns = {name: _column(kind) for name, kind in declared}

    def extend(self, name: str, kind: Kind, values: Sequence[Any], *, at: int | None = None) -> None:
        """The rows from ``at`` on (None: those that come next) have these values.

        Raises:
            OverflowError: an integer of more than 64 bits.
        """
        if name not in self._columns:
            self._columns[name] = _column(kind)
        self._columns[name].extend(self.rows if at is None else at, values)

    def frame(self) -> pd.DataFrame:
        """The table, which is empty then."""
        made = {name: column.finished(self.rows) for name, column in self._columns.items()}
        self._columns.clear()
        return pd.DataFrame(made, copy=False)
