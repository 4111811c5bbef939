"""A row a request with its factors, as a pandas DataFrame: ``frame(["results/mine"])`` (docs/pandas.md)."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from operator import attrgetter
from pathlib import Path
from typing import Any

import pandas as pd

from records.cells.believed import Bounds, Sieve
from records.cells.cell import Cell, Window
from records.cells.measure import ended_inside, measured, timed
from records.cells.reader import CellData, read_head, read_run, requests_of, verdict_of
from records.cells.request import RequestRecord
from records.errors import RecordError
from reports.figures.load import Load
from reports.figures.pooling.concurrent_cells import CellPart, merged_cell, refuse_copies, simultaneous
from reports.figures.pooling.rows import PooledRow, rows_of
from reports.figures.summary import source_names
from reports.frame.table import Kind, Table
from workloads.catalogue import workload, workload_at
from workloads.metric import Metric
from workloads.workload import Workload

AT_A_TIME = 128
"""Records in memory. So few are gone before Python's collector looks for garbage among all modules; with a
thousand at a time that takes a third of the time."""


@dataclass(frozen=True, kw_only=True)
class About:
    """A column that every frame has."""

    kind: Kind
    unit: str = ""
    text: str


def _texts(**columns: str) -> dict[str, About]:
    return {name: About(kind="text", text=text) for name, text in columns.items()}


def _moments(**columns: str) -> dict[str, About]:
    return {
        name: About(kind="integer or none", unit="ns, Unix time", text=text) for name, text in columns.items()
    }


OF_CELLS: dict[str, About] = {
    **_texts(
        source="folder of the run that was read",
        cell="name of the cell",
        deployment="label of the deployment",
        config="row of the report: the variant, with what tells it from others of its name",
        variant="name alone",
        workload="kind of request",
        load="users, rate or shape, with other factors, as the report names it",
    ),
    "concurrency": About(kind="integer", unit="users", text="users at once, of all masters together"),
    "repeat": About(kind="integer", text="number of the repeat, from 1"),
    "valid": About(kind="truth", text="is the cell believed?"),
    "window_s": About(kind="number", unit="s", text="time that was measured; none: there was no such time"),
}
OF_RECORDS: dict[str, About] = {
    **_texts(
        run="run, as the record says",
        worker="load worker",
        region="REGION of the load worker",
    ),
    "user": About(kind="integer", text="number of the user"),
    "seq": About(kind="integer", text="number of the request, of that user"),
    **_moments(
        due_at_ns="when it was due, in an open loop",
        sent_at_ns="when it was sent",
        headers_at_ns="when the answer's headers came",
        first_event_at_ns="when the first event came",
        first_generated_at_ns="when the first token of any kind came, thoughts too",
        first_token_at_ns="when the first token of the answer came",
        last_token_at_ns="when the last one came",
        body_ended_at_ns="when the body had ended",
        ended_at_ns="when the answer ended, or had failed",
    ),
    "events": About(kind="integer", text="events of the stream"),
    "tokens": About(kind="integer", text="tokens of the answer, without thoughts"),
    "bytes": About(kind="integer", unit="bytes", text="received, headers too"),
    "documents": About(kind="integer or none", text="documents found; none: the answer did not say"),
    **_texts(
        outcome="ok, http_error, timeout, truncated, stream_error, connect_error, aborted or dropped",
        error="what was wrong; none: nothing",
        finish_reason="why the model stopped, as its service says",
        token_source="usage or events: what the tokens were counted by",
        question="id of what was asked",
        config_said="configuration that the service named in this answer",
        flags="late, warmup, cold and others, with blanks between",
    ),
}
JUDGED: dict[str, About] = {
    "counts": About(kind="truth", text="is in requests and failures: in the window, no warm-up, ended"),
    "in_latencies": About(kind="truth", text="counts, is a good answer and not late: latencies are of these"),
    "in_throughput": About(kind="truth", text="a good answer that ended in the window: RPS is of these"),
}
COLUMNS: dict[str, About] = {**OF_CELLS, **OF_RECORDS, **JUDGED}
_FIELD = {"config_said": "config"}
_GETTERS = {name: attrgetter(_FIELD.get(name, name)) for name in OF_RECORDS if name != "flags"}


def frame(directories: Iterable[Path | str] | Path | str) -> pd.DataFrame:
    """All requests of runs or single cells, which are read as ``report`` reads them: what several masters
    measured at once has one window, and each cell the row of the report that it is in.

    Columns are `COLUMNS`; one for each metric of the workload, in its unit, of good answers (``ttft_ms``; of
    what comes several times in an answer the mean: ``itl_mean_ms``); ``factors.NAME``, ``values.NAME``,
    ``labels.NAME`` and ``stages.NAME.queued_ms`` where there are such.

    Raises:
        RecordError, OSError: as ``report`` would refuse it, or a record that cannot be read. A cell of which
            nothing can is left out with a warning.
    """
    given = [directories] if isinstance(directories, (str, Path)) else directories
    distinct = list({path.resolve(): path for path in map(Path, given)}.values())
    runs = [read_run(path, _head) for path in distinct]
    refuse_copies(runs)
    if lost := [f"{run.path}: {one.name}" for run in runs for one in run.lost]:
        warnings.warn(f"cells that cannot be read are in no row: {', '.join(lost)}", stacklevel=2)
    parts = [
        CellPart(source=name, data=data)
        for run, name in zip(runs, source_names(runs), strict=True)
        for data in run.cells
    ]
    groups = simultaneous(parts)
    cells = [merged_cell(group) for group in groups]
    table = Table((name, about.kind) for name, about in COLUMNS.items())
    rows = rows_of(cells, [" + ".join(part.source for part in group) for group in groups])
    impossible = sum(
        _add(table, group, cell, row) for group, cell, row in zip(groups, cells, rows, strict=True)
    )
    if impossible:
        text = f"requests whose times or counts cannot be are in no row: {impossible}"
        warnings.warn(text, stacklevel=2)
    return table.frame()


def _head(directory: Path) -> CellData:
    found = read_head(directory)
    workload_at(directory, found.cell)
    return found


def _add(table: Table, parts: Sequence[CellPart], cell: Cell, row: PooledRow) -> int:
    """One measurement. Whether it is valid is known when all its records were seen.

    Returns:
        how many of them cannot be, and are left out.
    """
    impossible = 0
    start, valid, kind = table.rows, cell.verdict.valid and cell.window is not None, workload(cell.workload)
    for part in parts:
        own, before, counted, ended = part.data.cell, table.rows, 0, 0
        sieve = Sieve(Bounds.of(own))
        for records in _pieces(requests_of(part.data.path, own, sieve)):
            counted += len(measured(records, part.window))
            ended += len(ended_inside(records, own.window))
            try:
                _extend(table, records, cell.window, kind)
            except OverflowError as error:
                raise RecordError(f"{part.data.path} holds a number of more than 64 bits") from error
            table.rows += len(records)
        count = table.rows - before
        whole = verdict_of(part.data.path, own, count, (counted, ended), sieve.left_out)
        valid = valid and whole.valid
        impossible += sieve.left_out.impossible
        table.extend("source", "text", [part.source] * count, at=before)
        table.extend("cell", "text", [own.name] * count, at=before)
    constant = {
        "deployment": row.deployment,
        "config": row.config,
        "variant": row.variant,
        "workload": cell.workload,
        "load": Load.of(cell).label,
        "concurrency": cell.concurrency,
        "repeat": cell.repeat,
        "valid": valid,
        "window_s": cell.window and cell.window.seconds,
    }
    for name, value in constant.items():
        table.extend(name, OF_CELLS[name].kind, [value] * (table.rows - start), at=start)
    for name, factor in cell.point.to_json().items():
        text = isinstance(factor, str)
        # One that is a word here and a number there is two columns: no number is made a text.
        table.extend(
            f"factors.{name}" + (".text" if text else ""),
            "text" if text else "number",
            [factor] * (table.rows - start),
            at=start,
        )
    return impossible


def _pieces(requests: Iterator[RequestRecord]) -> Iterator[list[RequestRecord]]:
    while piece := list(islice(requests, AT_A_TIME)):
        yield piece


def _extend(
    table: Table, records: Sequence[RequestRecord], window: Window | None, measures: Workload
) -> None:
    """By the functions that the report's figures are made with: what counts is decided there."""
    for name, get in _GETTERS.items():
        table.extend(name, OF_RECORDS[name].kind, list(map(get, records)))
    table.extend("flags", "text", [" ".join(r.flags) for r in records])
    counted = measured(records, window)
    for name, chosen in (
        ("counts", counted),
        ("in_latencies", [r for r in timed(records, window) if r.outcome == "ok"]),
        ("in_throughput", ended_inside(records, window)),
    ):
        ids = set(map(id, chosen))
        table.extend(name, "truth", [id(r) in ids for r in records])
    for metric in measures.metrics:
        name = column_of(metric)
        if name not in COLUMNS:
            table.extend(name, "number", _values(metric, records))
    _extend_named(table, "values", "number", [r.values for r in records])
    _extend_named(table, "labels", "text", [r.labels for r in records])
    stages = [
        {f"{stage}.{what}": ms for stage, times in r.stages.items() for what, ms in times.items()}
        if r.stages
        else {}
        for r in records
    ]
    _extend_named(table, "stages", "number", stages)


def column_of(metric: Metric) -> str:
    """``ttft_ms``; ``itl_mean_ms`` of what an answer has several of."""
    return f"{metric.name}{'_mean' if metric.each else ''}{metric.suffix}"


def _values(metric: Metric, records: Sequence[RequestRecord]) -> list[float | None]:
    """A metric is of good answers, and need not know others."""
    divisor = metric.divisor
    found = [metric.value_of(r) if r.outcome == "ok" else None for r in records]
    return [
        None if one is None else one / divisor if isinstance(one, (int, float)) else _mean(one, divisor)
        for one in found
    ]


def _mean(values: Sequence[float], divisor: float) -> float | None:
    return sum(values) / divisor / len(values) if values else None


def _extend_named(table: Table, prefix: str, kind: Kind, given: Sequence[dict[str, Any]]) -> None:
    for name in dict.fromkeys(name for one in given for name in one):
        table.extend(f"{prefix}.{name}", kind, [one.get(name) for one in given])
