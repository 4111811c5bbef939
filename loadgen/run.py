"""One start of the load in one process: RUNNING until locust begins to stop, DRAINING until its streams
have ended, then OVER and judged. No locust.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from loadgen.cellfile import CellFile, Finished
from loadgen.distributed import Orders
from loadgen.merge import Merge
from loadgen.settings import Settings
from records.noise import Counters


class Phase(Enum):
    RUNNING = auto()
    DRAINING = auto()
    OVER = auto()


@dataclass(kw_only=True)
class Run:
    """What is known of it."""

    orders: Orders
    settings: Settings
    started_ns: int
    machine: Counters
    """What the machine had done until then."""
    merge: Merge | None = None
    """What the workers say, on a master."""
    cell: CellFile | None = None
    """Where the records go; None on a worker, and where nobody asked for them."""
    phase: Phase = Phase.RUNNING
    interrupted: bool = False
    answered: bool = False
    """Some request has ended by itself, be it in a failure."""
    answer: int | None = None
    """The exit code that a search's answer alone would give; None without one."""
    finished: Finished | None = None
    """The cell with its verdict, once it is over and there is one."""
