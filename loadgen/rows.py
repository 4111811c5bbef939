"""TTFT, ITL and E2E as rows of locust's own table, beside the request's row.

Logged into the statistics directly: a second ``request`` event would count each request twice in
"Aggregated". Locust rounds what it keeps to two significant digits (TRAPS 18), so that these rows are for
watching; the records have the exact figures.
"""

from __future__ import annotations

from typing import Any

from loadgen.exchange import Exchange


def log(stats: Any, name: str, exchange: Exchange) -> None:
    """Add a good answer's times, milliseconds. ``get`` each time: a reset replaces the entries."""
    if exchange.outcome != "ok":
        return
    answer = exchange.answer
    stats.get(name, "E2E").log((exchange.ended_ns - exchange.sent_ns) / 1e6, 0)
    if answer.first_token_ns is not None:
        stats.get(name, "TTFT").log((answer.first_token_ns - exchange.sent_ns) / 1e6, 0)
    if answer.gaps_us:
        # Their mean, not each gap: an answer of 500 tokens would cost 2 ms of the generator's CPU.
        stats.get(name, "ITL").log(sum(answer.gaps_us) / len(answer.gaps_us) / 1e3, 0)
