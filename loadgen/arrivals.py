"""When requests are due in an open loop: independent of every answer (TRAPS 11).

Pure: seconds since the first moment, from a seeded generator.
"""

from __future__ import annotations

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
