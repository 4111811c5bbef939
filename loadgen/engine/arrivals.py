"""When requests are due in an open loop: independent of every answer (TRAPS 11).

Pure: seconds since the first moment, from a seeded generator.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

ARRIVALS = ("closed", "constant", "poisson")


def due_times(
    arrival: str, rate: float, *, worker: int = 0, workers: int = 1, seed: int | str = 0
) -> Iterator[float]:
    """Seconds at which this worker's requests are due, without end; over all workers ``rate`` a second.

    ``constant``: evenly spaced over the whole run, the workers one after the other. ``poisson``: independent
    exponential gaps; the sum of the workers' Poisson processes is one of the whole rate.
    """
    if arrival == "constant":
        number = worker
        while True:
            yield number / rate
            number += workers
    generator = random.Random(f"{seed}/{worker}")
    due, share = 0.0, rate / workers
    while True:
        due += generator.expovariate(share)
        yield due


class Pace:
    """A rate that may change on the way: when so many requests are due that ``rate`` 1 has by its ``due_s``.

    All moments in integer nanoseconds of one clock. A rate of 0 is a pause.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._since_ns, self._done = 0, 0.0

    def begin(self, at_ns: int) -> None:
        """Nothing is due before ``at_ns``."""
        self._since_ns, self._done = at_ns, 0.0

    def change(self, rate: float, at_ns: int) -> None:
        self._done += (at_ns - self._since_ns) / 1e9 * self.rate
        self.rate, self._since_ns = rate, at_ns

    def due_ns(self, number: float) -> float:
        """When as much is due as after ``number`` seconds of rate 1: an integer, or never (inf)."""
        if not self.rate:
            return math.inf
        return self._since_ns + int((number - self._done) / self.rate * 1e9)
