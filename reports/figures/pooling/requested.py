"""What makes two loads alike, whatever came of them."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any

import orjson

from records.cells.cell import Cell
from workloads.stream import STREAM

LATER = (
    *("request_timeout_s", "connect_timeout_s", "first_token_timeout_s", "gap_timeout_s"),
    *("shape_options", "drop_fields", "questions_sha256", "header_marks"),
)
"""Keys that were not always kept."""
REQUESTED = (
    *("dialect", "path", "headers", "body", "questions"),
    *("think_time_s", "arrival", "rate", "max_inflight", "shape", "regions", *LATER),
)
"""What makes a load another one, in a cell's ``requested``."""
NOT_OF_THE_LOAD = frozenset(
    (
        *("host", "tls", "proxy", "users", "run_time_s", "warmup_requests", "requests", "min_seconds"),
        *("max_seconds", "drain_seconds", "cpus", "variant", "set", "service", "machine", "question_seed"),
    )
)
"""How much, where, and of what: nothing of how it is requested. Whatever else a scenario keeps is its own.
The order of the questions is another one in each cell anyway: of two runs they are two draws of the same."""


def load_keys(cells: Iterable[Cell]) -> tuple[str, ...]:
    """What makes a load of these cells another one: of other scenarios than ours, all that they keep."""
    own = (key for cell in cells if cell.workload != STREAM.name for key in cell.requested)
    return tuple(dict.fromkeys([*REQUESTED, *(key for key in own if key not in NOT_OF_THE_LOAD)]))


def workload_mismatch(cells: Iterable[Cell], *, but: Collection[str] = ()) -> tuple[str, ...]:
    """The keys of `load_keys`, those in ``but`` left out, in which the cells differ. A cell without one
    of LATER is like any."""
    cells = list(cells)
    wanted = [cell.requested for cell in cells]
    # Where what is in them is known, it does not matter what their file is called.
    same = {"questions"} if all(one.get("questions_sha256") for one in wanted) else set()
    return tuple(
        key
        for key in load_keys(cells)
        if key not in but
        and key not in same
        and len({canonical(one.get(key)) for one in wanted if key in one or key not in LATER}) > 1
    )


def canonical(value: Any) -> bytes:
    """One text for equal values, whatever the order of their keys."""
    return orjson.dumps(value, option=orjson.OPT_SORT_KEYS)


def no_number_of_users(cells: Iterable[Cell]) -> tuple[str, ...]:
    """What makes loads others than so many users: open loops, shapes."""
    wanted = [cell.requested for cell in cells]
    loops = ["an open loop"] if any(one.get("rate") for one in wanted) else []
    return (*loops, *sorted({f"the shape {one['shape']}" for one in wanted if one.get("shape")}))
