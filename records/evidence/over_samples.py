"""From the profiler's samples, which may be older ones or somebody else's, to numbers.

A figure is a function of a sample, null where it does not say. Sums are subtracted, the first from the last
of the samples that have them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

Samples = Sequence[dict[str, Any]]
Figure = Callable[[dict[str, Any]], float | None]
NS = 1e9


def found_at(of: Any, *path: str) -> Any:
    for name in path:
        of = of.get(name) if isinstance(of, dict) else None
    return of


def number_at(of: Any, *path: str) -> float | None:
    found = found_at(of, *path)
    return found if isinstance(found, int | float) and not isinstance(found, bool) else None


def figure(*path: str) -> Figure:
    return lambda sample: number_at(sample, *path)


def listed(of: Any, *path: str) -> Iterator[dict[str, Any]]:
    found = found_at(of, *path)
    return (one for one in found if isinstance(one, dict)) if isinstance(found, list) else iter(())


def processes(sample: dict[str, Any]) -> Iterator[dict[str, Any]]:
    return listed(sample, "processes", "process_details")


def told(samples: Samples, of: Figure) -> Iterator[tuple[int, float]]:
    """With their times, Unix ns."""
    return ((one["at_ns"], number) for one in samples if (number := of(one)) is not None)


def ends(samples: Samples, of: Figure) -> tuple[tuple[int, float], tuple[int, float]] | None:
    """The first and the last that there are, with their times; None where there are not two."""
    known = list(told(samples, of))
    return (known[0], known[-1]) if len(known) > 1 else None


def growth(samples: Samples, of: Figure) -> float | None:
    """Of a sum, which begins again where what it is of did."""
    both = ends(samples, of)
    return None if both is None or both[1][1] < both[0][1] else both[1][1] - both[0][1]


def rate(samples: Samples, of: Figure) -> float | None:
    """A second."""
    grown, both = growth(samples, of), ends(samples, of)
    return None if grown is None or both is None else grown / ((both[1][0] - both[0][0]) / NS)


def rates_by_process(samples: Samples, *path: str) -> dict[int, float]:
    """The rate of each process that was seen twice."""
    found: dict[int, list[tuple[int, float]]] = {}
    for sample in samples:
        for one in processes(sample):
            if (number := number_at(one, *path)) is not None and isinstance(one.get("pid"), int):
                found.setdefault(one["pid"], []).append((sample["at_ns"], number))
    return {
        pid: (of[-1][1] - of[0][1]) / ((of[-1][0] - of[0][0]) / NS)
        for pid, of in found.items()
        if of[-1][0] > of[0][0] and of[-1][1] >= of[0][1]
    }


def total(rates: dict[int, float]) -> float | None:
    return sum(rates.values()) if rates else None


def last(samples: Samples, of: Figure) -> float | None:
    known = [number for _, number in told(samples, of)]
    return known[-1] if known else None


def most(samples: Samples, of: Figure) -> float | None:
    return max((number for _, number in told(samples, of)), default=None)


def whole(number: float | None) -> int | None:
    return None if number is None else round(number)
