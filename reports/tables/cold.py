"""The first requests of each load, which are in no figure."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.analysis.of_loads import Cold
from reports.document.document import Row, Table
from reports.figures.text import number


def cold_tables(analysis: Analysis) -> Iterator[Table]:
    for workload in analysis.workloads:
        own = [c for c in analysis.noted(Cold) if c.workload == workload]
        rows = [
            Row(cells=(f"{c.deployment}: {c.config}", str(c.requests), number(c.median), number(c.worst)))
            for c in own
        ]
        if not rows:
            continue
        metric = workload.compared
        worst = f"{metric.title} {'min' if metric.higher_is_better else 'max'} {metric.unit}".rstrip()
        yield Table(
            title="First requests (cold: in no figure above)",
            columns=("Configuration", "Loads", workload.median.heading, worst),
            rows=tuple(rows),
            notes=("The very first request of each load, before its warm-up.",),
        )
