"""What the shapes of `locustfiles/` share: a level of load, told to every process that asks. No locust.

A level is users in a closed loop, requests a second in an open one. Locust itself hands out users; a rate
goes to the processes as a custom message (what a search wants to know of their answers comes back as another:
see `phases`):

    decides -> asks   level     the rate from now on, and the number of the phase that begins
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypedDict

from loadgen.engine.messages import PREFIX
from loadgen.engine.terminal import show
from loadgen.shapes.control import LoadControl
from loadgen.shapes.level_log import LevelLog
from loadgen.shapes.level_table import what_next

SPAWN_RATE = 100
"""Users a second. Locust warns above it."""


class LevelMessage(TypedDict):
    phase: int
    rate: float | None
    """None in a closed loop."""
    fresh: bool
    """A new level: what was asked for before it does not belong to it."""


class LevelCoordinator:
    """The level, in every process of a load."""

    def __init__(
        self, environment: Any, load: LoadControl, *, asked: Callable[[], dict[str, Any]], tells: bool = True
    ) -> None:
        """``asked``: the shape's own options, as it uses them; they are kept with what was asked for.
        ``tells``: prints what was measured of each level in the end."""
        self._runner = environment.runner
        self._options = environment.parsed_options
        self._load = load
        self._over = False
        self._told: LevelMessage = {"phase": 0, "rate": None, "fresh": False}
        self._began_s: float | None = None
        self._tells = tells
        load.shape_options = asked
        self.on_phase: Callable[[LevelMessage], None] | None = None
        """Called in the processes that ask, as a phase begins."""
        self._runner.register_message(f"{PREFIX}_level", self._on_level)
        environment.events.test_start.add_listener(self._on_test_start)
        environment.events.spawning_complete.add_listener(self._on_spawning_complete)
        environment.events.test_stopping.add_listener(self._on_test_stopping)
        environment.events.test_stop.add_listener(self._on_test_stop)
        environment.events.quit.add_listener(self._on_quit)

    @property
    def log(self) -> LevelLog:
        """Of the load that runs, or is about to."""
        return self._load.level_log

    @property
    def open_loop(self) -> bool:
        return bool(self._options.arrival != "closed")

    @property
    def elapsed_s(self) -> float:
        """Seconds since the first level's users were there; until then 0, and the level must not change:
        locust would start anew."""
        return 0.0 if self._began_s is None else time.monotonic() - self._began_s

    @property
    def began(self) -> bool:
        return self._began_s is not None

    def tick(self, level: float, *, phase: int = 0, fresh: bool = False) -> tuple[int, float] | None:
        """Set the level; what the shape's own ``tick`` is to return: None once the run is interrupted."""
        if self._load.interrupted:
            return None
        rate = float(level) if self.open_loop else None
        told: LevelMessage = {"phase": phase, "rate": rate, "fresh": fresh}
        if told != self._told:
            self._told = told
            self._runner.send_message(f"{PREFIX}_level", told)
        users = 1 if self.open_loop else max(1, round(level))
        return users, float(min(users, SPAWN_RATE))

    def end(self) -> None:
        """The shape is over: its ``tick`` returns None now."""
        self._over = True

    def _on_level(self, msg: Any, **_: Any) -> None:
        self._told = msg.data
        self._apply()
        if self.on_phase is not None:
            self.on_phase(msg.data)

    def _apply(self) -> None:
        driver, rate = self._load.driver, self._told["rate"]
        if driver is not None and rate is not None:
            driver.pace.change(rate, time.monotonic_ns())

    def _on_test_start(self, **_: Any) -> None:
        self._apply()  # the first level was told before there was anybody to heed it

    def _on_spawning_complete(self, **_: Any) -> None:
        if self._began_s is None:
            self._began_s = time.monotonic()
        self.log.spawned()

    def _on_test_stopping(self, **_: Any) -> None:
        """Locust swallows the Ctrl-C that ends a shape, so what stops one before its end is taken for it."""
        if self._options.headless and not (self._over or self._options.requests):
            self._load.stopped_early()

    def _on_test_stop(self, **_: Any) -> None:
        self._began_s, self._over = None, False
        if self._tells and not self._options.headless:
            self._report()

    def _on_quit(self, **_: Any) -> None:
        if self._tells and self._options.headless:
            self._report()

    def _report(self) -> None:
        """The levels in a table, where records were kept."""
        if (held := self._load.levels_held) is not None:
            cell, folder, table = held
            show(f"\n{table}\n\n{what_next(cell, folder)}\n")
