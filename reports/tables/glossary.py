"""What the abbreviations in the columns' heads stand for: one line, below the report's first table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from reports.document.document import Table
from workloads.workload import Workload


def explained(
    tables: Iterable[Table], workloads: Sequence[Workload], above: Sequence[str]
) -> Iterator[Table]:
    """The tables, the first with that line. ``above``: the report's first lines; what they explain is not
    explained again."""
    for i, table in enumerate(tables):
        if i == 0 and (line := "; ".join(_meanings(table, workloads, above))):
            table = replace(table, notes=(f"{line}.", *table.notes))
        yield table


def _meanings(table: Table, workloads: Sequence[Workload], above: Sequence[str]) -> Iterator[str]:
    heads = " ".join(table.columns).split()
    every = [(of.throughput.title, of.throughput.means) for of in workloads]
    every += [(metric.title, metric.means) for of in workloads for metric in of.metrics]
    for title, means in dict.fromkeys(every):
        said = f"{title}: {means}"
        if means and title in heads and not any(said in line for line in above):
            yield said
