"""The workloads, by the name that a cell keeps: a line each; and their checks, by name."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from records.cells.cell import Cell
from records.errors import RecordError
from workloads.checks.definition import DEFINITIONS, Definition
from workloads.stream import STREAM
from workloads.workload import Workload

WORKLOADS: dict[str, Workload] = {one.name: one for one in (STREAM,)}


def workload(name: str) -> Workload:
    """Raises RecordError for the name of none: to measure its requests by another's would say nothing."""
    if name not in WORKLOADS:
        known = ", ".join(sorted(WORKLOADS))
        raise RecordError(f"no workload is called {name!r}; this version measures {known}")
    return WORKLOADS[name]


def workload_at(directory: Path, cell: Cell) -> Workload:
    """That of a cell that lies there. Raises RecordError, which says where, as `workload`."""
    try:
        return workload(cell.workload)
    except RecordError as error:
        raise RecordError(f"{directory}: {error}") from error


def check_named(name: str) -> Definition:
    """What a check says of itself. Of a name that this version does not know nothing is said."""
    return DEFINITIONS.get(name, Definition(name=name))


def checks_that(are: Callable[[Definition], bool]) -> tuple[str, ...]:
    """The names of the checks that are such, in the order in which they are declared."""
    return tuple(name for name, found in DEFINITIONS.items() if are(found))
