"""How often to look: as often as wanted, as far as that costs next to nothing of what is looked at."""

from __future__ import annotations

import random
import time

OF_CORE = 0.006
"""Of one core at most: with many tasks it looks less often, however seldom that comes to be."""
OF_PROCESS = 0.0012
"""Of the CPU that the process uses, by the clock of the thread that looks: the turns that it takes from the
app, and what it puts out of its caches, cost that about twice as much again (benchmarks/side_cost.py). So it
looks less often,"""
SELDOM_S = 1 / 3
"""but not less often than this for its sake: a cell of a sweep takes 8 seconds, and what is seen in them at a
light load is held against a heavy one."""

AT_RANDOM = (0.5, 1.5)
"""Times as long as that, each pause on its own: a user who asks again and again goes through the same places
at a pace of its own, and who looked as regularly might meet it at the same one each time."""


class Pace:
    """From look to look of one thread; all by clocks of CPU time."""

    def __init__(self, interval_s: float) -> None:
        self._interval_s = interval_s
        self._thread_s = self._process_s = self._began_s = 0.0
        self._used = 1.0
        self._random = random.Random()
        """Its own: the app's numbers, which it may have seeded, are not drawn from."""

    def begins(self) -> None:
        """Just before a look. What the process used since the last one is what it uses."""
        now_s, process_s = time.monotonic(), time.process_time()
        if self._began_s and now_s > self._began_s:
            self._used = (process_s - self._process_s) / (now_s - self._began_s)
        self._began_s, self._process_s, self._thread_s = now_s, process_s, time.thread_time()

    def pause_s(self) -> float:
        """Just after it: for how long not to look."""
        cost_s = time.thread_time() - self._thread_s
        seldom_s = max(self._interval_s, SELDOM_S)
        own_s = cost_s / OF_PROCESS / self._used if self._used > 0 else seldom_s
        every_s = max(self._interval_s, min(own_s, seldom_s), cost_s / OF_CORE)
        every_s *= self._random.uniform(*AT_RANDOM)
        return max(every_s - (time.monotonic() - self._began_s), 0.001)
