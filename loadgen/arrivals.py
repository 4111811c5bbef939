"""When requests are due in an open loop: independent of every answer (TRAPS 11).

Pure: seconds since the first moment, from a seeded generator.
"""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

ARRIVALS = ("closed", "constant", "poisson")


def due_times(
    arrival: str, rate: float, *, worker: int = 0, workers: int = 1, seed: int = 0
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

    Seconds since the first moment. A rate of 0 is a pause.
    """

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._since_s = self._done = 0.0

    def change(self, rate: float, at_s: float) -> None:
        self._done += (at_s - self._since_s) * self.rate
        self.rate, self._since_s = rate, at_s

    def due_s(self, number: float) -> float:
        """When as much is due as after ``number`` seconds of rate 1."""
        return self._since_s + (number - self._done) / self.rate if self.rate else math.inf
