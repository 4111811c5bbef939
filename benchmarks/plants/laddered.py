"""Services that stop growing at what is known from how they are made, and the loads that show it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from plants.case import HEALTHY, Case, Side, settings
from plants.catalogue import POOL, put, threads

LEVELS = (1, 3, 6, 12, 24, 48)


@dataclass(frozen=True, kw_only=True)
class Laddered(Case):
    """One variant alone, from one user to far beyond where it stops growing."""

    right: tuple[tuple[str, ...], ...] = ()
    binds: str
    """What holds it, as a ladder calls it."""
    levels: tuple[int, ...] = LEVELS

    @property
    def sides(self) -> tuple[str, ...]:
        return (HEALTHY,)

    @property
    def points(self) -> tuple[str, ...]:
        return "--concurrency", ",".join(map(str, self.levels))


def _laddered(name: str, binds: str, side: Side) -> Laddered:
    return Laddered(name=f"ladder-{name}", binds=binds, planted=side, healthy=side)


LADDERED: Sequence[Laddered] = (
    _laddered("processor", "processor", settings()),
    _laddered("loop", "event-loop", put("blocking_call", 20)),
    _laddered("threads", "executor", put("remote_store", 400, threads(8))),
    _laddered("semaphore", "semaphore", put("remote_embedding", 100, {"PLANT_LIMIT": "4", **POOL})),
)
