"""Which numbers can be in evidence: what says others is left out, like a line that cannot be read."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any

MOST = 1 << 32
"""Of anything that is counted in one process: sums of such numbers still have 64 bits."""
_LATEST_NS = (1 << 63) - 1
_MOST_MS = 1e9  # eleven days
_CPU_MARGIN = 1.5
"""The share of a CPU is told by ticks, and of each process over a time of its own."""


def count(raw: Any) -> int:
    """Raises TypeError, ValueError, OverflowError for what is not how many there are of something."""
    return _between(raw, MOST)


def moment_ns(raw: Any) -> int:
    """Of Unix ns, or another number of 64 bits. Raises as `count`."""
    return _between(raw, _LATEST_NS)


def milliseconds(raw: Any) -> float:
    """Raises TypeError, ValueError for what cannot be the length of anything here."""
    value = float(raw)
    if not 0 <= value <= _MOST_MS:
        raise ValueError(f"{raw} ms")
    return value


def _between(raw: Any, most: int) -> int:
    value = int(raw)
    if not 0 <= value <= most:
        raise ValueError(f"{raw}: not from 0 to {most}")
    return value


def refuse_numbers(raw: Any) -> None:
    """Raises ValueError where any number in it, however deep, is negative or has more than 63 bits: nothing
    that a machine counts is."""
    if isinstance(raw, dict | list):
        for one in raw.values() if isinstance(raw, dict) else raw:
            refuse_numbers(one)
    elif isinstance(raw, int | float) and not 0 <= raw <= _LATEST_NS:
        raise ValueError(f"{raw}: not from 0 to {_LATEST_NS}")


def refuse_twice(pids: Iterable[Any]) -> None:
    """Raises ValueError where a process is there twice."""
    if any(times > 1 for times in Counter(map(str, pids)).values()):
        raise ValueError("a process is there twice")


def refuse_cpu(percent: Any, cpus: Any) -> None:
    """Raises ValueError for more than so many CPUs can give; TypeError for no numbers."""
    if percent is not None and cpus is not None and percent > 100 * cpus * _CPU_MARGIN:
        raise ValueError(f"{percent} % of {cpus} CPUs")
