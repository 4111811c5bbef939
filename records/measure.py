"""Which requests count, the rate, a percentile: said once, for the load, its end, the sweep, the report."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Protocol, SupportsFloat

from records.cell import Window
from records.request import LATE, RequestRecord

CONFIDENCE = 0.95


def wanted_answers(q: float) -> int:
    """How many answers a high percentile wants: the least n with q^n <= 5 %. p95: 59, p99: 299.

    With fewer, not even the largest value seen bounds the percentile at 95 % (Hahn & Meeker 5.2).
    """
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(q))


class Ordered(Protocol):
    """Sorted values, of a list or an array."""

    def __len__(self) -> int: ...

    def __getitem__(self, at: int, /) -> SupportsFloat: ...


def interpolated(ordered: Ordered, q: float) -> float:
    """The q-quantile of sorted values: linear between order statistics (Hyndman & Fan 1996, type 7, numpy's
    default). There is no other percentile in this house. They may hold +inf (failures); none: ValueError."""
    if not len(ordered):
        raise ValueError("no values")
    position = (len(ordered) - 1) * q
    below = math.floor(position)
    share = position - below
    low = float(ordered[below])
    if share == 0 or below + 1 == len(ordered):
        return low
    high = float(ordered[below + 1])
    if math.isinf(high):
        return high
    return min(high, low + (high - low) * share)


def percentile(values: Iterable[float], q: float) -> float | None:
    """The q-quantile as `interpolated`; None of no values."""
    ordered = sorted(values)
    return interpolated(ordered, q) if ordered else None


def measured(requests: Sequence[RequestRecord], window: Window | None) -> list[RequestRecord]:
    """The requests that count: sent inside the window, warm-up left out. Latencies are of `timed` ones."""
    if window is None:
        return []
    return [
        r
        for r in requests
        if window.start_ns <= r.sent_at_ns <= window.end_ns and "warmup" not in r.flags and r.counts
    ]


def timed(requests: Sequence[RequestRecord], window: Window | None) -> list[RequestRecord]:
    """The measured requests whose dates may be believed: those flagged ``late`` were moved by a stall of the
    load generator, so they count as requests and in RPS, but in no latency."""
    return [r for r in measured(requests, window) if LATE not in r.flags]


def ended_inside(requests: Sequence[RequestRecord], window: Window | None) -> list[RequestRecord]:
    """The good answers whose rate counts: those that ended inside the window."""
    if window is None:
        return []
    return [r for r in requests if r.outcome == "ok" and window.start_ns < r.ended_at_ns <= window.end_ns]


def rate(requests: Sequence[RequestRecord], window: Window | None) -> float | None:
    """RPS: good answers that ended inside the window, a second of it; None without a window."""
    if window is None or window.seconds <= 0:
        return None
    return len(ended_inside(requests, window)) / window.seconds
