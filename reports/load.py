"""What a level asks of the service: what its cells are grouped and named by."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from records.cell import Cell
from reports.document import users


@dataclass(frozen=True, kw_only=True, order=True)
class Load:
    """So many ``users`` of a closed loop, an open loop's ``rate`` (requests a second), or a ``shape``, which
    goes through levels of either. In order: users, rates, shapes."""

    shape: str = ""
    rate: float = 0.0
    users: int = 0

    @classmethod
    def of(cls, cell: Cell) -> Load:
        """The users of an open loop, and those at the start of a shape, say nothing: they are left out."""
        shape, rate = cell.requested.get("shape"), cell.requested.get("rate")
        named = shape if isinstance(shape, str) else ""
        per_second = float(rate) if isinstance(rate, (int, float)) else 0.0
        return cls(shape=named, rate=per_second, users=0 if named or per_second else cell.concurrency)

    @property
    def closed(self) -> bool:
        """Its number of users describes it."""
        return not (self.shape or self.rate)

    @property
    def label(self) -> str:
        """For a table: ``10``, ``10/s``, ``Steps``, ``Steps 10/s``."""
        rate = f"{self.rate:g}/s" if self.rate else ""
        return str(self.users) if self.closed else " ".join(filter(None, (self.shape, rate)))

    @property
    def named(self) -> str:
        """In a sentence: ``10 users``, else as in a table."""
        return users(self.users) if self.closed else self.label


def head(loads: Iterable[Load]) -> str:
    """A column's: concurrency where there is nothing else."""
    return "Conc" if all(load.closed for load in loads) else "Load"
