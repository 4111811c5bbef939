"""What a process is in a load: alone, a master or a worker, for its whole life."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from loadgen.engine.driver import Driver
from loadgen.process.run import Run
from loadgen.process.run_spec import Keep

MakeDriver = Callable[[Keep | None], Driver]
"""Takes what keeps a record; None if nobody wants them."""


class Role(Protocol):
    """Its part in each run."""

    is_worker: bool
    """A master decides for it."""

    @property
    def name(self) -> str:
        """Of who asks, in the records."""

    @property
    def driver(self) -> Driver | None:
        """Who asks in this process, if anybody does."""

    def connected(self) -> list[str]:
        """Locust's ids of the processes that ask, in the order they came."""

    def begin(self, run: Run, driver: MakeDriver) -> None:
        """A run starts."""

    def refuse(self, told: Any, error: str) -> bool:
        """Pass on why this process cannot take part; False where there is nobody to tell."""

    def watch(self) -> bool:
        """Returns at the end, at the latest; True when this process is to stop locust."""

    def drain(self, limit_s: float) -> None:
        """Begin nothing more; finish what is in flight within so many seconds, else record it as aborted."""

    def abort(self) -> None:
        """Wait no longer for what is in flight."""

    def end(self) -> None:
        """The run is over: nothing is taken any more."""
