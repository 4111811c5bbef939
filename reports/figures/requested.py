"""What makes two loads alike, whatever came of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import orjson

from records.cell import Cell

LATER = (
    *("request_timeout_s", "connect_timeout_s", "first_token_timeout_s", "gap_timeout_s"),
    *("shape_options", "drop_fields"),
)
"""Keys that were not always kept."""
REQUESTED = (
    *("dialect", "path", "headers", "body", "questions"),
    *("think_time_s", "arrival", "rate", "max_inflight", "shape", *LATER),
)
"""What makes a load another one, in a cell's ``requested``."""


def workload_mismatch(cells: Iterable[Cell], *, but: Collection[str] = ()) -> tuple[str, ...]:
    """The keys of ASKED, those in ``but`` left out, in which the cells differ. A cell without one
    of LATER is like any."""
    wanted = [cell.requested for cell in cells]
    return tuple(
        key
        for key in REQUESTED
        if key not in but
        and len({_canonical(one.get(key)) for one in wanted if key in one or key not in LATER}) > 1
    )


def _canonical(value: Any) -> bytes:
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def no_number_of_users(cells: Iterable[Cell]) -> tuple[str, ...]:
    """What makes loads others than so many users: open loops, shapes."""
    wanted = [cell.requested for cell in cells]
    loops = ["an open loop"] if any(one.get("rate") for one in wanted) else []
    return (*loops, *sorted({f"the shape {one['shape']}" for one in wanted if one.get("shape")}))
