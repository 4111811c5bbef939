"""The part of a process that makes the whole load itself. No locust."""

from __future__ import annotations

import time
from collections.abc import Callable

from loadgen.engine.driver import Driver
from loadgen.process.distributed import Keep

TICK_S = 0.02


class Alone:
    """Watches, drains and ends as `distributed.Master` and `distributed.Worker` do."""

    def __init__(self) -> None:
        self.driver: Driver | None = None
        self._write: Keep | None = None
        self._soon: Callable[[Callable[[], None]], object] | None = None
        self._lines: list[bytes] = []

    def begin(self, driver: Driver, write: Keep | None, soon: Callable[[Callable[[], None]], object]) -> None:
        """A run starts. ``write`` keeps its records, None if nobody wants them; ``soon`` makes a call when
        this turn of the event loop is over."""
        self.driver, self._write, self._soon = driver, write, soon

    def keep(self, line: bytes) -> None:
        """Take a record. Those of one turn of the event loop are written together when it is over: a write
        each costs as much as reading an answer."""
        self._lines.append(line)
        if len(self._lines) == 1 and self._soon is not None:
            self._soon(self.flush)

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines and self._write is not None:
            self._write(b"".join(lines))

    def watch(self) -> bool:
        """True when the requests asked for have ended."""
        driver = self.driver
        while driver is not None and driver is self.driver and not driver.session.stopping:
            time.sleep(TICK_S)
        return True

    def drain(self, limit_s: float) -> None:
        if self.driver is not None:
            self.driver.drain(limit_s)
            self.driver.unwatch()

    def cut(self) -> None:
        if self.driver is not None:
            self.driver.cut()

    def end(self) -> None:
        """The run is over: nothing is taken any more."""
        self.flush()
