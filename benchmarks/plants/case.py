"""What a planted bottleneck is: two variants of an app, and the codes that name what differs between them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from records.cells.point import RATE, USERS, Point

DOSES: Mapping[str, float] = {"half": 0.5, "full": 1.0, "double": 2.0}
HEALTHY, PLANTED = "healthy", "planted"

REFERENCE_APP = "run:{python} -m uvicorn plants.service:app --host 127.0.0.1 --port {{port}} --no-access-log"
FRONTED_APP = "run:{python} {benchmarks}/plants/front.py {{port}}"
FAR_APP = "run:{python} {benchmarks}/plants/far.py {{port}}"
SUPERVISED_APP = "run:{python} {benchmarks}/plants/supervisor.py {{port}}"
LIMITED_APP = "run:{python} {benchmarks}/plants/limited.py {{port}}"
FOREIGN_APP = "run:{python} -m uvicorn plants.foreign:app --host 127.0.0.1 --port {{port}} --no-access-log"


@dataclass(frozen=True, kw_only=True)
class Variant:
    """One side of a case."""

    settings: Mapping[str, str] = field(default_factory=dict)
    """In the environment of its app."""
    llm: tuple[str, ...] | None = None
    """Options of an LLM server of its own; None: the sweep's."""


Side = Callable[[float], Variant]
"""The variant at a dose: 1 is full, 2 twice as bad."""


Mending = Literal["waits", "work", "other"]
"""What mending as advised takes away of a plant: that requests wait for each other there (it still takes its
time), all of it, or neither: then the healthy side does not show what mending gives."""


@dataclass(frozen=True, kw_only=True)
class Case:
    """A bottleneck, alone (or with another one) in an app that is healthy otherwise."""

    name: str
    right: tuple[tuple[str, ...], ...]
    """The codes that are right, in groups: of one group the first finding's code is one; of several, each
    has to be among the findings, one of the first group before the others."""
    planted: Side
    healthy: Side = lambda dose: Variant()
    app: str = REFERENCE_APP
    ready_path: str = "/ready"
    locust: tuple[str, ...] = ()
    """Options of the load; in them ``{texts}`` is the folder of `plants.texts`."""
    sweep: tuple[str, ...] = ()
    """Options of the sweep."""
    users: int = 20
    """Of the heavy load,"""
    rates: tuple[int, int] | None = None
    """or, of an open loop, the light and the heavy rate."""
    mending: Mending = "waits"
    own_faults: tuple[str, ...] = ()
    """Checks that the plant fails by itself."""
    is_healthy: bool = False
    """Nothing is planted: there is no loss to count it by."""

    @property
    def points(self) -> tuple[str, ...]:
        """What tells a sweep its loads."""
        if self.rates is None:
            return "--concurrency", f"1,{self.users}"
        return "--grid", f"rate={','.join(map(str, self.rates))}"

    @property
    def light(self) -> Point:
        return Point.of({USERS: 1} if self.rates is None else {RATE: self.rates[0]})

    @property
    def heavy(self) -> Point:
        return Point.of({USERS: self.users} if self.rates is None else {RATE: self.rates[-1]})


def settings(**values: object) -> Side:
    """A side that is the same at every dose."""
    variant = Variant(settings={name: str(value) for name, value in values.items()})
    return lambda dose: variant
