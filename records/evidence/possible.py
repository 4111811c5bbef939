"""Which numbers can be in evidence: what says others is left out, like a line that cannot be read."""

from __future__ import annotations

from typing import Any

MOST = 1 << 32
"""Of anything that is counted in one process: sums of such numbers still have 64 bits."""
_LATEST_NS = (1 << 63) - 1
_MOST_MS = 1e9  # eleven days


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
