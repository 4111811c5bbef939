"""What makes two loads alike, whatever came of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from records.cell import Cell

ASKED = (
    *("dialect", "path", "body", "think_time_s", "arrival", "rate", "shape"),
    *("request_timeout_s", "connect_timeout_s", "first_token_timeout_s", "gap_timeout_s"),
)
"""What makes a load another one, in a cell's ``requested``."""


def asked_differently(cells: Iterable[Cell], *, but: Collection[str] = ()) -> tuple[str, ...]:
    """The keys of ASKED, those in ``but`` left out, in which the cells differ."""
    wanted = [cell.requested for cell in cells]
    return tuple(key for key in ASKED if key not in but and len({repr(one.get(key)) for one in wanted}) > 1)
