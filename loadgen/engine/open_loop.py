"""An open loop: requests begin when they are due, whether answers come or not. No locust."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from loadgen.engine.arrivals import due_times
from loadgen.engine.driver import Driver
from loadgen.engine.in_flight import VirtualUser

GIVE_WAY = 20
"""So many requests in a row are begun late before other greenlets get their turn."""
AHEAD_S = 0.25
"""Begins with as many connections as requests are due in this time."""
LOOK_S = 0.02
"""Looks so often whether the rate has changed, or it is to stop."""


@dataclass(kw_only=True)
class OpenLoop:
    """``driver``'s share of the load, begun at its ``pace``. ``spawn`` runs a call apart.

    A request waits for no other one's answer; where ``max_inflight`` are in flight it is dropped, and
    recorded as that. One that begins late (the generator was busy) still counts from when it was due.
    """

    driver: Driver
    spawn: Callable[..., object]

    def __post_init__(self) -> None:
        driver = self.driver
        self._most = -(-driver.settings.max_inflight // driver.place.workers)
        self._items = driver.items(0, 1)
        self._idle: list[VirtualUser] = []
        self._busy = 0

    def run(self) -> None:
        """Until the driver's session is stopping, or there is nothing more to ask."""
        driver, dropped = self.driver, 0
        share = driver.settings.rate / driver.place.workers
        for _ in range(min(self._most, 1 + round(share * AHEAD_S))):
            self._add()
        driver.pace.begin(self._first_ns())
        for due_ns in self._due():
            if driver.out_of_items:
                break
            if self._busy >= self._most:
                dropped += 1
                driver.drop(due_ns, dropped)
            else:
                self._begin(due_ns)
        driver.session.idle(time.monotonic_ns())

    def _first_ns(self) -> int:
        """When the first request is due. Workers that take turns begin at one moment of the wall clock, so
        that constant arrivals are evenly spaced over all of them."""
        driver, now_ns = self.driver, time.monotonic_ns()
        workers, rate = driver.place.workers, driver.pace.rate
        if driver.settings.arrival != "constant" or workers == 1:
            return now_ns
        turn_ns = int(workers / rate * 1e9) if rate else 1
        return now_ns + -driver.clock.unix(now_ns) % turn_ns

    def _due(self) -> Iterator[int]:
        """The moment of each request (monotonic ns), as soon as it has come."""
        session, pace, where, wanted = (
            self.driver.session,
            self.driver.pace,
            self.driver.place,
            self.driver.settings,
        )
        behind, seed = 0, self.driver.task.seed
        for number in due_times(
            wanted.arrival,
            1,
            worker=where.worker_index,
            workers=where.workers,
            seed=f"{seed}/{wanted.turn}" if wanted.turn else seed,
        ):
            behind += 1
            if behind % GIVE_WAY == 0:
                time.sleep(0)  # a generator that is behind still has to listen
            while (left_ns := pace.due_ns(number) - time.monotonic_ns()) > 0 and not session.stopping:
                time.sleep(min(left_ns / 1e9, LOOK_S))
                behind = 0
            if session.stopping:
                return
            yield int(pace.due_ns(number))

    def _begin(self, due_ns: int) -> None:
        user = self._idle.pop() if self._idle else self.driver.new_user(self._items)
        self._busy += 1
        self.spawn(self._run_next, user, due_ns)
        if not self._idle and len(self.driver.connections) < self._most:
            self.spawn(self._add)  # so that the next one does not wait for a connection

    def _run_next(self, user: VirtualUser, due_ns: int) -> None:
        self.driver.run_next(user, due_ns)
        self._busy -= 1
        self._idle.append(user)

    def _add(self) -> None:
        user = self.driver.new_user(self._items)
        self.driver.connect(user)
        self._idle.append(user)
