"""What was seen of a target while a cell was measured on it, by whatever watched it elsewhere than here."""

from __future__ import annotations

from dataclasses import dataclass

from records.cells.cell import Check
from records.evidence.limits import CellLimits


@dataclass(frozen=True, kw_only=True)
class Watched:
    """In a cell's time."""

    checks: tuple[Check, ...] = ()
    """That it adds to the cell."""
    limits: CellLimits | None = None
    """What it was allowed and used; None: nobody says."""
