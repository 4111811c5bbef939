"""The report as values (tables and paragraphs), before anything is drawn. Console and Markdown draw these."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reports.stats import Estimate

NONE = "-"


@dataclass(frozen=True, kw_only=True)
class Row:
    """A table's row; ``struck``: measured, but not to be believed."""

    cells: tuple[str, ...]
    struck: bool = False


@dataclass(frozen=True, kw_only=True)
class Table:
    """Figures under a heading, all right-aligned."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    notes: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    """Columns that a screen without room for them shows in a table of their own below."""
    keys: int = 1
    """So many first columns say what a row is of: both tables have them."""

    def only(self, columns: Sequence[str]) -> Table:
        """Those columns of it, in their order here."""
        at = [i for i, column in enumerate(self.columns) if column in columns]
        rows = [replace(row, cells=tuple(row.cells[i] for i in at)) for row in self.rows]
        return replace(self, columns=tuple(self.columns[i] for i in at), rows=tuple(rows), optional=())


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Sentences; the first of them the heading's own. A struck sentence is of an invalid cell."""

    title: str
    lines: tuple[str, ...]
    struck: frozenset[int] = frozenset()
    """Which lines are struck out (their part before the first colon-space)."""


Block = Table | Paragraph


def number(value: float | None) -> str:
    """Three significant digits, no exponent: 0.123, 1.23, 12.3, 123, 1234."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "inf"
    size = abs(value)
    decimals = 0 if size >= 99.95 else 1 if size >= 9.995 else 2
    text = f"{value:.{decimals}f}"
    return text if float(text) != 0 or value == 0 else f"{value:.3f}"


def spread(estimate: Estimate | None) -> str:
    """``31.2 (29.8-33.1)``; the value alone where there is no interval; ``-`` where there is nothing."""
    if estimate is None:
        return NONE
    if estimate.low is None or estimate.high is None:
        return number(estimate.value)
    return f"{number(estimate.value)} ({number(estimate.low)}-{number(estimate.high)})"


def times(estimate: Estimate | None) -> str:
    """``2.40x (2.20-2.60)``: a ratio with its interval."""
    if estimate is None:
        return NONE
    figure = f"{_ratio(estimate.value)}x"
    if estimate.low is None or estimate.high is None:
        return figure
    return f"{figure} ({_ratio(estimate.low)}-{_ratio(estimate.high)})"


def _ratio(ratio: float) -> str:
    """Hundredths, where they say something."""
    return f"{ratio:.2f}" if ratio < 10 else number(ratio)


def value(estimate: Estimate | None) -> str:
    """The figure alone."""
    return NONE if estimate is None else number(estimate.value)


def users(n: int) -> str:
    return f"{n} user" if n == 1 else f"{n} users"


def listed(parts: Sequence[str]) -> str:
    """``a, b and c``."""
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else "".join(parts)
