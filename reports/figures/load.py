"""What a level asks of the service: what its cells are grouped and named by."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from records.cells.cell import Cell
from records.cells.point import RATE, USERS, Point, text_of
from reports.figures.text import NONE, users

NOWHERE = Point(())
"""The point of a load that its users, its rate or its shape alone describe."""


@dataclass(frozen=True, kw_only=True, order=True)
class Load:
    """So many ``users`` of a closed loop, an open loop's ``rate`` (requests a second), or a ``shape``, which
    goes through levels of either; and the factors that are options of the scenario. In order: users, rates,
    shapes, of each combination of the others."""

    others: Point = NOWHERE
    shape: str = ""
    rate: float = 0.0
    users: int = 0

    @classmethod
    def of(cls, cell: Cell) -> Load:
        """The users of an open loop, and those at the start of a shape, say nothing: they are left out."""
        shape, rate = cell.requested.get("shape"), cell.requested.get("rate")
        named = shape if isinstance(shape, str) else ""
        per_second = float(rate) if isinstance(rate, (int, float)) else 0.0
        return cls(
            others=Point.of(cell.point.options),
            shape=named,
            rate=per_second,
            users=0 if named or per_second else cell.concurrency,
        )

    @property
    def point(self) -> Point:
        """Where it stands; of a shape, as far as it stands anywhere."""
        known = {RATE: self.rate} if self.rate else {USERS: self.users} if self.users else {}
        return Point((*self.others.factors, *known.items()))

    @property
    def closed(self) -> bool:
        """Its number of users describes it."""
        return not (self.shape or self.rate)

    @property
    def alone(self) -> str:
        """Without the other factors: ``10``, ``10/s``, ``Steps``, ``Steps 10/s``."""
        rate = f"{self.rate:g}/s" if self.rate else ""
        return str(self.users) if self.closed else " ".join(filter(None, (self.shape, rate)))

    @property
    def label(self) -> str:
        """A name among loads: ``10``, ``10/s``, ``size=100 users=10``."""
        if not self.others.factors:
            return self.alone
        return f"{self.others.label} {'users=' if self.closed else ''}{self.alone}"

    @property
    def named(self) -> str:
        """In a sentence: ``10 users``, ``10 users (size=100)``, else as in a table."""
        others = f" ({self.others.label})" if self.others.factors else ""
        return f"{users(self.users) if self.closed else self.alone}{others}"

    def to_json(self) -> dict[str, Any]:
        """As files name it; ``concurrency`` is null where it is no number of users."""
        return {"concurrency": self.users or None, "load": self.label, "point": self.point.to_json()}

    def cells(self, columns: Sequence[str]) -> tuple[str, ...]:
        """A row's first cells, under the `heads` of its table."""
        factors = self.others.to_json()
        return (self.alone, *(text_of(factors[name]) if name in factors else NONE for name in columns[1:]))


def heads(loads: Iterable[Load]) -> tuple[str, ...]:
    """A table's first columns: concurrency where there is nothing else, and a column a factor."""
    found = list(loads)
    factors = dict.fromkeys(name for load in found for name, _ in load.others.factors)
    return ("Conc" if all(load.closed for load in found) else "Load", *factors)
