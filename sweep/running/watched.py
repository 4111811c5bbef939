"""What was seen of a target while a cell was measured on it, by whatever watched it elsewhere than here."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from records.cells.cell import Check
from records.cells.request import RequestRecord
from records.evidence.limits import CellLimits
from records.evidence.pods import CellPods

Requests = Callable[[], Sequence[RequestRecord]]
"""A cell's, which are many: read where somebody wants them."""


@dataclass(frozen=True, kw_only=True)
class Watched:
    """In a cell's time."""

    checks: tuple[Check, ...] = ()
    """That it adds to the cell."""
    pods: CellPods | None = None
    """What became of those that it ran in; None: it runs in none."""
    limits: CellLimits | None = None
    """What it was allowed and used; None: nobody says."""
