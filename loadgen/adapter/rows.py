"""A request that is over, to whoever wants to know: records, shapes, and locust's own table.

In that TTFT, ITL and E2E are rows beside the request's row.

Logged into the statistics directly: a second ``request`` event would count each request twice in
"Aggregated". Locust rounds what it keeps to two significant digits (TRAPS 18), so that these rows are for
watching; the records have the exact figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from loadgen.adapter.last_lines import RequestFailed
from records.request import RequestRecord


@dataclass(frozen=True)
class Row:
    """The request's row in locust's table."""

    method: str
    name: str


def ended(
    environment: Any,
    row: Row,
    keep: Callable[[bytes], None] | None,
    watchers: Sequence[Callable[[RequestRecord], None]],
    record: RequestRecord,
) -> None:
    """A request is over: into the records, and into locust's table."""
    if keep is not None:
        keep(record.encode())
    for watch in watchers:
        watch(record)
    if not record.counts:
        return  # neither good nor failed: locust's table has no row for it
    log(environment.stats, row.name, record)
    environment.events.request.fire(
        request_type=row.method,
        name=row.name,
        response_time=record.e2e_ms,
        response_length=record.bytes,
        exception=None if record.outcome == "ok" else RequestFailed(f"{record.outcome}: {record.error}"),
        context={},
    )


def log(stats: Any, name: str, record: RequestRecord) -> None:
    """Add a good answer's times, milliseconds. ``get`` each time: a reset replaces the entries."""
    if record.outcome != "ok":
        return
    stats.get(name, "E2E").log(record.e2e_ms, 0)
    if (ttft_ms := record.ttft_ms) is not None:
        stats.get(name, "TTFT").log(ttft_ms, 0)
    first_ns, last_ns, gaps = record.first_token_at_ns, record.last_token_at_ns, len(record.gaps_us)
    if gaps and first_ns is not None and last_ns is not None:
        # Their mean, not each gap: an answer of 500 tokens would cost 2 ms of the generator's CPU.
        stats.get(name, "ITL").log((last_ns - first_ns) / gaps / 1e6, 0)
