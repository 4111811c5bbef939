"""One start of the load in one process: RUNNING until locust begins to stop, DRAINING until its streams
have ended, then OVER and judged. No locust.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum, auto

from loadgen.engine.session import Session
from loadgen.engine.settings import Settings
from loadgen.engine.task import AnyTask
from loadgen.process.cellfile import CellFile, Finished
from loadgen.process.merge import Merge
from loadgen.process.run_spec import RunSpec
from records.evidence.noise import Counters


class Phase(Enum):
    RUNNING = auto()
    DRAINING = auto()
    OVER = auto()


@dataclass(kw_only=True)
class Run:
    """What is known of it."""

    spec: RunSpec
    settings: Settings
    task: AnyTask
    session: Session
    expect_workers: int = 1
    machine: Counters
    """What the machine had done until then."""
    merge: Merge | None = None
    """What the workers say, on a master."""
    cell: CellFile | None = None
    """Where the records go; None on a worker, and where nobody asked for them."""
    phase: Phase = Phase.RUNNING
    interrupted: bool = False
    """See `interrupt`."""
    answered: bool = False
    """Some request has ended by itself, be it in a failure."""
    answer: int | None = None
    """The exit code that a search's answer alone would give; None without one."""
    finished: Finished | None = None
    """The cell with its verdict, once it is over and there is one."""

    def interrupt(self) -> bool:
        """Somebody wants it to end. True where it is ending already: nothing is waited for any longer."""
        again = self.interrupted or self.phase is Phase.DRAINING
        self.interrupted = True
        return again
