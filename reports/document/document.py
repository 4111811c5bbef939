"""The report as values (tables and paragraphs), before anything is drawn. Console and Markdown draw these."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from records.secrets.secret_names import harmless


@dataclass(frozen=True, kw_only=True)
class Row:
    """A table's row; ``struck``: measured, but not to be believed."""

    cells: tuple[str, ...]
    invalid: bool = False


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
    unstruck: tuple[str, ...] = ()
    """Columns that say whether a row may be believed: they hold of an invalid one, too."""

    def __post_init__(self) -> None:
        # Stages, models and lines of code are named by others, and a terminal does as it is told.
        for name in ("columns", "optional", "notes"):
            object.__setattr__(self, name, tuple(map(harmless, getattr(self, name))))
        rows = tuple(replace(row, cells=tuple(map(harmless, row.cells))) for row in self.rows)
        object.__setattr__(self, "rows", rows)

    def invalid(self, row: Row) -> tuple[bool, ...]:
        """Of each of its cells: does it not hold?"""
        return tuple(
            row.invalid and cell != "-" and column not in self.unstruck
            for column, cell in zip(self.columns, row.cells, strict=True)
        )

    def only(self, columns: Sequence[str]) -> Table:
        """Those columns of it, in their order here."""
        at = [i for i, column in enumerate(self.columns) if column in columns]
        rows = [replace(row, cells=tuple(row.cells[i] for i in at)) for row in self.rows]
        return replace(self, columns=tuple(self.columns[i] for i in at), rows=tuple(rows), optional=())


@dataclass(frozen=True, kw_only=True)
class Paragraph:
    """Sentences; one that is indented by two blanks belongs to that before it. A struck sentence is of an
    invalid cell."""

    title: str
    lines: tuple[str, ...]
    invalid: frozenset[int] = frozenset()
    """Which lines are struck out (their part before the first colon-space)."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "lines", tuple(map(harmless, self.lines)))


Block = Table | Paragraph
