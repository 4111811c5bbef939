"""An open loop asks when requests are due: no answer holds the next up, and what is too much is dropped."""

import threading
import time
from collections.abc import Iterator
from itertools import pairwise
from types import SimpleNamespace
from typing import Any

import pytest

from loadgen.engine.arrivals import Pace
from loadgen.engine.open_loop import OpenLoop

LIMIT_S = 20.0


class Driver:
    """Counts what it is told to do; its answers never come before `release`."""

    out_of_items = False

    def __init__(self, *, rate: float, most: int, due: int, workers: int = 1) -> None:
        self.settings = SimpleNamespace(rate=rate, max_inflight=most, arrival="constant", turn="")
        self.place = SimpleNamespace(worker_index=0, workers=workers)
        self.task = SimpleNamespace(seed=0)
        self.pace = Pace(rate)
        self.clock = SimpleNamespace(unix=lambda at_ns: at_ns)
        self.asked: list[int] = []
        self.dropped: list[int] = []
        self.idle_at: list[int] = []
        self.release = threading.Event()
        self._due = due
        self.session = SimpleNamespace(stopping=False, idle=self.idle_at.append)
        self.items = lambda place, places: iter(())
        self.new_user = lambda items: object()
        self.connections: list[object] = []
        self.connect = self.connections.append

    def _one_more(self, at_ns: int, into: list[int]) -> None:
        into.append(at_ns)
        self.session.stopping = len(self.asked) + len(self.dropped) >= self._due

    def run_next(self, user: object, due_ns: int) -> None:
        self._one_more(due_ns, self.asked)
        assert self.release.wait(LIMIT_S)

    def drop(self, due_ns: int, number: int) -> None:
        assert number == len(self.dropped) + 1
        self._one_more(due_ns, self.dropped)


def run(driver: Driver) -> None:
    threads: list[threading.Thread] = []

    def spawn(call: Any, *arguments: Any) -> None:
        thread = threading.Thread(target=call, args=arguments, daemon=True)
        threads.append(thread)
        thread.start()

    loop = OpenLoop(driver=driver, spawn=spawn)  # type: ignore[arg-type]
    try:
        loop.run()
    finally:
        driver.release.set()
        for thread in threads:
            thread.join(LIMIT_S)


def test_each_repeat_has_moments_of_its_own_by_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """What all repeats had in common would be in no interval."""
    seeds: list[Any] = []

    def due_times(*_: Any, seed: Any, **__: Any) -> Iterator[float]:
        seeds.append(seed)
        return iter(())

    monkeypatch.setattr("loadgen.engine.open_loop.due_times", due_times)
    for turn in ("", "c01-r1/0", "c01-r2/0"):
        driver = Driver(rate=200, most=50, due=1)
        driver.settings.turn, driver.task.seed = turn, 7
        run(driver)
    assert seeds == [7, "7/c01-r1/0", "7/c01-r2/0"]


def test_requests_begin_though_no_answer_has_come() -> None:
    driver = Driver(rate=200, most=50, due=12)
    run(driver)
    assert not driver.dropped
    assert len(driver.asked) >= 12
    gaps = [after - before for before, after in pairwise(sorted(driver.asked))]
    assert gaps == pytest.approx([5_000_000] * len(gaps), abs=2), "from when they were due, not begun"
    assert len(driver.idle_at) == 1


def test_above_the_cap_they_are_dropped_and_recorded() -> None:
    driver = Driver(rate=500, most=3, due=10)
    run(driver)
    assert len(driver.asked) == 3
    assert len(driver.dropped) >= 7
    due = sorted(driver.asked + driver.dropped)
    assert due[1] - due[0] == pytest.approx(2_000_000, abs=2)


def test_a_worker_asks_only_its_share() -> None:
    driver = Driver(rate=400, most=100, due=6, workers=2)
    run(driver)
    first, second = sorted(driver.asked)[:2]
    assert second - first == pytest.approx(5_000_000, abs=2)


def test_it_ends_with_its_items() -> None:
    driver = Driver(rate=1000, most=10, due=10**6)
    driver.out_of_items = True
    began = time.monotonic()
    run(driver)
    assert not driver.asked
    assert time.monotonic() - began < LIMIT_S
