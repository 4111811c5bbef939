"""What all processes of one run share, and how records go from hand to hand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from records.errors import UsageError

Keep = Callable[[bytes], None]
"""Takes one or more records, each a line."""


@dataclass(frozen=True, kw_only=True)
class RunSpec:
    """What all processes of one run share."""

    id: str
    """Of this start of the load alone, unlike ``run``: two runs may bear one name."""
    run: str
    cell: str
    users: int
    workers: list[str]
    """Locust's ids of the processes that ask, as they were at the start."""

    @classmethod
    def of(cls, told: Any) -> RunSpec:
        """``told``: what came with the master's options. Raises UsageError where it is none of ours."""
        try:
            return cls(**told)
        except TypeError as error:
            raise UsageError("the master is no Chokepoint of this version: start both alike") from error

    def place(self, worker: str) -> int:
        """Which share of the questions is this worker's. Locust's own index counts orphans, too."""
        return self.workers.index(worker) if worker in self.workers else 0
