"""Which requests count, the rate, a percentile: said once, for the load, its end, the sweep, the report."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from records.cells.cell import Window
from records.cells.flags import LATE, WARMUP
from records.cells.request import RequestRecord

CONFIDENCE = 0.95


class SupportsRanks(Protocol):
    """A list of numbers, or an array of them."""

    def __len__(self) -> int: ...
    def __getitem__(self, index: int, /) -> Any: ...


def wanted_answers(q: float) -> int:
    """How many answers a high percentile wants: the least n with q^n <= 5 %. p95: 59, p99: 299.

    With fewer, not even the largest value seen bounds the percentile at 95 % (Hahn & Meeker 5.2).
    """
    return math.ceil(math.log(1 - CONFIDENCE) / math.log(q))


def percentile(values: Iterable[float], share: float) -> float | None:
    """As ``between_ranks``; None of no values."""
    ordered = sorted(values)
    return between_ranks(ordered, share) if ordered else None


def between_ranks(ordered: SupportsRanks, share: float) -> float:
    """The one definition of a percentile, of at least one value in rising order: linear interpolation between
    order statistics (Hyndman & Fan 1996, type 7, numpy's default). Values may be infinite (failures)."""
    position = round((len(ordered) - 1) * share, 6)  # 0.999 of 1000 steps is a step, whatever a float says
    below = int(position)
    low = float(ordered[below])
    if position == below:
        return low
    high = float(ordered[below + 1])
    return high if math.isinf(high) else min(high, low + (high - low) * (position - below))


def measured(requests: Sequence[RequestRecord], window: Window | None) -> list[RequestRecord]:
    """The requests that count: sent inside the window, warm-up left out. Latencies are of `timed` ones."""
    if window is None:
        return []
    return [
        r
        for r in requests
        if window.start_ns <= r.sent_at_ns <= window.end_ns and WARMUP not in r.flags and r.counts
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


def one_each(_: RequestRecord) -> float:
    """The amount of which throughput is answers a second."""
    return 1.0


def rate(
    requests: Sequence[RequestRecord],
    window: Window | None,
    amount: Callable[[RequestRecord], float] = one_each,
) -> float | None:
    """Throughput: the ``amount`` of the good answers that ended inside the window, a second of it;
    None without a window."""
    if window is None or window.seconds <= 0:
        return None
    return sum(map(amount, ended_inside(requests, window))) / window.seconds
