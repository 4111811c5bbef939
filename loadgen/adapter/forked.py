"""Workers that locust forks (``--processes``) and that stand in regions: each has an environment of its own,
as a worker that is started by itself."""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import cache

from loadgen.engine.options import CONNECT_TO_VARIABLE, REGION_VARIABLE
from records.errors import UsageError

VARIABLE = "WORKER_REGIONS"
"""``REGION=HOST:PORT,...``: of each forked worker in turn its region, and where it connects."""


def places(text: str) -> list[tuple[str, str]]:
    """Raises UsageError."""
    found = [one.partition("=") for one in text.split(",")]
    if not all(region and place for region, _, place in found):
        raise UsageError(f"{VARIABLE} takes REGION=HOST:PORT,...")
    return [(region, place) for region, _, place in found]


@cache  # locust has its command line parsed more than once
def settle_in(text: str, processes: int) -> None:
    """Have the workers that are forked from now on settle in their regions. Raises UsageError."""
    wanted = places(text)
    if len(wanted) != processes:
        raise UsageError(f"{VARIABLE} names {len(wanted)} workers, and --processes {processes}")
    coming: Iterator[tuple[str, str]] = iter(wanted)
    current: list[tuple[str, str]] = []

    def next_one() -> None:
        current[:] = [one] if (one := next(coming, None)) else []

    def settle() -> None:
        for region, place in current:
            os.environ[REGION_VARIABLE], os.environ[CONNECT_TO_VARIABLE] = region, place

    os.register_at_fork(before=next_one, after_in_child=settle)
