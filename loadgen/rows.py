"""TTFT, ITL and E2E as rows of locust's own table, beside the request's row.

Logged into the statistics directly: a second ``request`` event would count each request twice in
"Aggregated". Locust rounds what it keeps to two significant digits (TRAPS 18), so that these rows are for
watching; the records have the exact figures.
"""

from __future__ import annotations

from typing import Any

from records.request import RequestRecord


def log(stats: Any, name: str, record: RequestRecord) -> None:
    """Add a good answer's times, milliseconds. ``get`` each time: a reset replaces the entries."""
    if record.outcome != "ok":
        return
    stats.get(name, "E2E").log(record.e2e_ms, 0)
    if (ttft_ms := record.ttft_ms) is not None:
        stats.get(name, "TTFT").log(ttft_ms, 0)
    if record.gaps_us:
        # Their mean, not each gap: an answer of 500 tokens would cost 2 ms of the generator's CPU.
        stats.get(name, "ITL").log(sum(record.gaps_us) / len(record.gaps_us) / 1e3, 0)
