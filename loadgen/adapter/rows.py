"""A request that is over, to whoever wants to know: records, shapes, and locust's own table.

In that the metrics of its workload that are times have rows beside the request's row.

Logged into the statistics directly: a second ``request`` event would count each request twice in
"Aggregated". Locust rounds what it keeps to two significant digits (TRAPS 18), so that these rows are for
watching; the records have the exact figures.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from loadgen.adapter.last_lines import RequestFailed
from records.cells.request import RequestRecord
from workloads.metric import Metric
from workloads.workload import Workload


@dataclass(frozen=True)
class StatsRow:
    """The request's row in locust's table."""

    method: str
    name: str
    metrics: tuple[Metric, ...] = ()
    """Those that have rows beside it."""

    @classmethod
    def of(cls, method: str, name: str, workload: Workload) -> StatsRow:
        """With the workload's times, of those that are in tables: what locust shows are milliseconds."""
        times = tuple(one for one in workload.metrics if one.tabled and one.unit == "ms")
        return cls(method, name, times)


def ended(
    environment: Any,
    row: StatsRow,
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
    log(environment.stats, row, record)
    environment.events.request.fire(
        request_type=row.method,
        name=row.name,
        response_time=record.e2e_ms,
        response_length=record.bytes,
        exception=None if record.outcome == "ok" else RequestFailed(f"{record.outcome}: {record.error}"),
        context={},
    )


def log(stats: Any, row: StatsRow, record: RequestRecord) -> None:
    """Add a good answer's times, milliseconds. ``get`` each time: a reset replaces the entries."""
    if record.outcome != "ok":
        return
    for metric in row.metrics:
        if metric.trait is not None and not metric.trait.has(record):
            continue  # of such an answer another row says the same
        if values := metric.values_of(record):
            # Their mean, not each: 500 gaps between tokens would cost 2 ms of the generator's CPU.
            stats.get(row.name, metric.title).log(sum(values) / len(values), 0)
