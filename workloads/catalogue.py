"""The workloads, by the name that a cell keeps: a line each."""

from __future__ import annotations

from records.request import RecordError
from workloads.stream import STREAM
from workloads.workload import Workload

WORKLOADS: dict[str, Workload] = {one.name: one for one in (STREAM,)}


def workload(name: str) -> Workload:
    """Raises RecordError for the name of none: to measure its requests by another's would say nothing."""
    if name not in WORKLOADS:
        known = ", ".join(sorted(WORKLOADS))
        raise RecordError(f"no workload is called {name!r}; this version measures {known}")
    return WORKLOADS[name]
