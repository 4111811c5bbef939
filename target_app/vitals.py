"""How the process is, for `/metrics`: the event loop's lag, pauses for garbage, pools, what waits upstream.

All is read when it is asked for, but for the lag, for which a timer of the loop's own rings every TICK_S: how
much too late it comes is what anything else that is ready has to wait. Its maximum and that of the pauses are
of the last two to four seconds, so that whoever asks every two seconds misses none.
"""

from __future__ import annotations

import asyncio
import gc
import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from time import perf_counter
from typing import Any

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric, SummaryMetricFamily
from prometheus_client.registry import Collector

from target_app.executors import DEFAULT_EXECUTOR, Pool, pools
from target_app.upstream import Upstream

TICK_S = 0.1
"""Each wakes an idle loop, which takes 50 to 80 us."""
WINDOW_S = 2.0
GIL_EVERY_US = 10_000


class Durations:
    """How many there were, their sum, and the longest of late; in seconds."""

    def __init__(self, clock: Callable[[], float] = perf_counter) -> None:
        self.count = 0
        self.sum = 0.0
        self._clock = clock
        self._window = 0
        self._longest = self._before = 0.0

    def add(self, seconds: float) -> None:
        self._turn()
        self.count += 1
        self.sum += seconds
        self._longest = max(self._longest, seconds)

    @property
    def longest(self) -> float:
        """In this window and the one before."""
        self._turn()
        return max(self._longest, self._before)

    def _turn(self) -> None:
        window = int(self._clock() / WINDOW_S)
        if window != self._window:
            self._before = self._longest if window == self._window + 1 else 0.0
            self._window, self._longest = window, 0.0


class Vitals(Collector):
    """Of one process, from `start` to `stop`, both called in its event loop."""

    def __init__(self, upstream: Upstream) -> None:
        self.lag, self.pauses = Durations(), Durations()
        self._upstream = upstream
        self._loop: asyncio.AbstractEventLoop | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._paused_s = 0.0
        self._gil = _knocker()

    def start(self) -> None:
        self._loop = asyncio.get_running_loop()
        gc.callbacks.append(self._note_collection)
        if self._gil is not None:
            self._gil.start()
        self._set_timer()

    def stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        with suppress(ValueError):
            gc.callbacks.remove(self._note_collection)
        if self._gil is not None:
            self._gil.stop()

    def _set_timer(self) -> None:
        if self._loop is not None:
            due = self._loop.time() + TICK_S
            self._timer = self._loop.call_at(due, self._ring, self._loop, due)

    def _ring(self, loop: asyncio.AbstractEventLoop, due: float) -> None:
        self.lag.add(max(0.0, loop.time() - due))
        self._set_timer()

    def _note_collection(self, phase: str, _: dict[str, int]) -> None:
        """All other threads wait meanwhile."""
        if phase == "start":
            self._paused_s = perf_counter()
        elif self._paused_s:
            self.pauses.add(perf_counter() - self._paused_s)
            self._paused_s = 0.0

    def collect(self) -> Iterator[Metric]:
        yield from _durations("target_loop_lag", "How late the event loop comes to a timer", self.lag)
        yield from _durations("target_gc_pause", "Pauses for garbage collection", self.pauses)
        yield from self._pools()
        if self._upstream.used:
            said = "Requests to the LLM that are not answered to their end."
            yield GaugeMetricFamily("target_upstream_inflight_requests", said, self._upstream.inflight)
            connects = self._upstream.connects
            if connects is not None:
                yield CounterMetricFamily("target_upstream_connects", "Connections to the LLM.", connects)
        if self._gil is not None:
            said = "Share of the time in which the interpreter's lock was held, as gilknocker sees it."
            contention = self._gil.contention_metric
            self._gil.reset_contention_metric()  # the next one is of the time from here on
            yield GaugeMetricFamily("target_gil_contention", said, contention)

    def _pools(self) -> Iterator[Metric]:
        families = [
            GaugeMetricFamily(f"target_executor_{name}", said, labels=["executor"])
            for name, said in (
                ("max_threads", "How many threads it may have."),
                ("busy_threads", "How many of them are at work."),
                ("queued", "How much waits for one of them."),
            )
        ]
        for name, pool in self._executors():
            for family, value in zip(families, _state(pool), strict=True):
                family.add_metric([name], value)
        yield from families

    def _executors(self) -> Iterable[tuple[str, ThreadPoolExecutor]]:
        yield from sorted(((pool.name, pool) for pool in pools()), key=lambda one: one[0])
        default = getattr(self._loop, "_default_executor", None)  # it is there once something used it
        if isinstance(default, ThreadPoolExecutor):
            yield DEFAULT_EXECUTOR, default


def sees(executor_threads: int | None, torch_threads: int | None) -> dict[str, int]:
    """What this process counts of its machine, which knows no quota, and how its pools are sized by that."""
    count = os.cpu_count() or 1
    usable = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else count
    python = getattr(os, "process_cpu_count", os.cpu_count)() or 1  # by this it sizes its executors
    found = {
        "cpu_count": count,
        "cpus_allowed": usable,
        "default_executor_threads": executor_threads or min(32, python + 4),
    }
    return found if torch_threads is None else {**found, "torch_threads": torch_threads}


def _state(pool: ThreadPoolExecutor) -> tuple[int, int, int]:
    """(threads that it may have, those at work, what waits)."""
    # The standard library has no public names for them; these are the same since Python 3.8.
    idle: int = pool._idle_semaphore._value
    waiting = pool._work_queue.qsize() + (len(pool.gathering) if isinstance(pool, Pool) else 0)
    return pool._max_workers, max(0, len(pool._threads) - idle), waiting


def _durations(name: str, said: str, of: Durations) -> Iterator[Metric]:
    yield SummaryMetricFamily(f"{name}_seconds", f"{said}.", of.count, of.sum)
    yield GaugeMetricFamily(
        f"{name}_max_seconds", f"{said}: the longest of the last two to four seconds.", of.longest
    )


def _knocker() -> Any:
    """Of the extra `gil`; None where that is not installed."""
    try:
        from gilknocker import KnockKnock
    except ImportError:
        return None
    return KnockKnock(GIL_EVERY_US)
