"""The part of a process that makes the whole load itself. No locust."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from loadgen.engine.driver import Driver
from loadgen.process.role import MakeDriver
from loadgen.process.run import Run
from loadgen.process.run_spec import Keep

TICK_S = 0.02


class Alone:
    """Watches, drains and ends as `master.Master` and `worker.Worker` do."""

    is_worker = False
    name = "local"

    def __init__(self, client_id: str, soon: Callable[[Callable[[], None]], object]) -> None:
        """``client_id``: locust's; ``soon`` makes a call when this turn of the event loop is over."""
        self.driver: Driver | None = None
        self._client_id, self._soon = client_id, soon
        self._write: Keep | None = None
        self._lines: list[bytes] = []

    def connected(self) -> list[str]:
        return [self._client_id]

    def begin(self, run: Run, driver: MakeDriver) -> None:
        self._write = run.cell.append if run.cell else None
        self.driver = driver(self.keep if run.settings.results else None)

    def refuse(self, told: Any, error: str) -> bool:
        return False

    def keep(self, line: bytes) -> None:
        """Take a record. Those of one turn of the event loop are written together when it is over: a write
        each costs as much as reading an answer."""
        self._lines.append(line)
        if len(self._lines) == 1:
            self._soon(self.flush)

    def flush(self) -> None:
        lines, self._lines = self._lines, []
        if lines and self._write is not None:
            self._write(b"".join(lines))

    def watch(self) -> bool:
        """True when the requests asked for have ended, or the time for them has."""
        driver = self.driver
        while driver is not None and driver is self.driver and not driver.session.stopping:
            driver.session.look(time.monotonic_ns())
            time.sleep(TICK_S)
        return True

    def drain(self, limit_s: float) -> None:
        if self.driver is not None:
            self.driver.drain(limit_s)
            self.driver.unwatch()

    def abort(self) -> None:
        if self.driver is not None:
            self.driver.abort()

    def end(self) -> None:
        """The run is over: nothing is taken any more."""
        self.flush()
