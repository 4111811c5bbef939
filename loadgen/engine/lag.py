"""Is the generator itself late? Its loop's lag and its CPU, sampled while it works (TRAPS 12)."""

from __future__ import annotations

import time
from array import array
from bisect import bisect_left

from records.cells.measure import percentile

PERIOD_S = 0.010
LIMIT = 2_000_000
"""Samples kept (5.5 hours); a longer run keeps its last half."""


class LoopLag:
    """Sleeps 10 ms again and again; what a sleep took more than that, a request may be sent late by.

    So may each stamp be, where the kernel gives none (TLS; systems other than Linux).
    """

    def __init__(self) -> None:
        self._at_ns = array("q")
        self._late_ns = array("q")
        self._cpu_ns = array("q")
        self.stopped = False

    def run(self) -> None:
        """Sample until ``stopped``. Under locust, ``time.sleep`` gives way to the other greenlets."""
        period_ns = int(PERIOD_S * 1e9)
        while not self.stopped:
            began = time.monotonic_ns()
            time.sleep(PERIOD_S)
            woke = time.monotonic_ns()
            self.add(woke, max(0, woke - began - period_ns), time.process_time_ns())

    def add(self, at_ns: int, late_ns: int, cpu_ns: int) -> None:
        if len(self._at_ns) >= LIMIT:
            for values in (self._at_ns, self._late_ns, self._cpu_ns):
                del values[: LIMIT // 2]
        self._at_ns.append(at_ns)
        self._late_ns.append(late_ns)
        self._cpu_ns.append(cpu_ns)

    def _slice(self, start_ns: int, end_ns: int) -> slice:
        return slice(bisect_left(self._at_ns, start_ns), bisect_left(self._at_ns, end_ns + 1))

    def p99_ms(self, start_ns: int, end_ns: int) -> float | None:
        """The lag that 99 of 100 moments inside the window (monotonic ns) do not pass, milliseconds.

        A loop that stood still took no samples meanwhile: one late by L stands for those that were due
        while it slept, late by L, L - 10 ms, L - 20 ms... (the sampler's own coordinated omission).
        """
        return percentile(self._moments_ms(start_ns, end_ns), 0.99)

    def mean_ms(self, start_ns: int, end_ns: int) -> float | None:
        """The lag that a moment inside the window (monotonic ns) meets on the average, milliseconds."""
        late = self._moments_ms(start_ns, end_ns)
        return sum(late) / len(late) if late else None

    def _moments_ms(self, start_ns: int, end_ns: int) -> list[float]:
        late: list[float] = []
        for value in self._late_ns[self._slice(start_ns, end_ns)]:
            late += [missed / 1e6 for missed in range(value, -1, -int(PERIOD_S * 1e9))]
        return late

    def cpu_percent(self, start_ns: int, end_ns: int) -> float | None:
        """CPU time of this process over the window, per cent of one core."""
        inside = self._slice(start_ns, end_ns)
        at, cpu = self._at_ns[inside], self._cpu_ns[inside]
        if len(at) < 2 or at[-1] <= at[0]:
            return None
        return 100.0 * (cpu[-1] - cpu[0]) / (at[-1] - at[0])
