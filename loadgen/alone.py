"""The part of a process that makes the whole load itself. Pure: no locust."""

from __future__ import annotations

import time

from loadgen.driver import Driver

TICK_S = 0.02


class Alone:
    """Watches, drains and ends as `distributed.Master` and `distributed.Worker` do."""

    driver: Driver | None = None

    def watch(self) -> bool:
        """True when the requests asked for have ended."""
        driver = self.driver
        while driver is not None and driver is self.driver and not driver.session.stopping:
            time.sleep(TICK_S)
        return True

    def drain(self, limit_s: float) -> None:
        if self.driver is not None:
            self.driver.drain(limit_s)
            self.driver.lag.stopped = True

    def cut(self) -> None:
        if self.driver is not None:
            self.driver.cut()

    def end(self) -> None:
        """The run is over."""
