"""What the terminal says of a shape's levels. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from records.cells.cell import Cell, Window
from records.cells.levels import (
    LoadStages,
    aborted_in,
    has_rate,
    many_aborted,
    no_rate_note,
    survivorship_note,
    wanted_in,
)
from records.cells.measure import measured, percentile, rate, timed, wanted_answers
from records.cells.request import RequestRecord
from workloads.metric import Quantile
from workloads.workload import Workload


def table(
    held: LoadStages, requests: Sequence[RequestRecord], window: Window | None, workload: Workload
) -> str:
    """A line a level, and below them what is to be known of some. Figures are the report's main ones, of good
    answers."""
    unit, per = "users" if held.unit == "users" else "requests/s", workload.throughput
    main = [workload.estimates[key] for key in workload.main]
    counts = ("seconds", "requests", "failures", "aborted")
    lines = [[unit, *counts, per.title, *(quantile.heading for quantile in main)]]
    counted, dated = measured(requests, window), timed(requests, window)
    survivors, rateless = [], []
    for level, aborted in zip(held.levels, aborted_in(requests, held.levels), strict=True):
        own = wanted_in(counted, level)
        if many_aborted(aborted, len(own)):
            survivors.append(level.label(held.unit))
        throughput = None
        if has_rate(level, own):
            throughput = rate(requests, Window(start_ns=level.start_ns, end_ns=level.end_ns), per.of)
        elif level.seconds:
            rateless.append(level.label(held.unit))
        believed = wanted_in(dated, level)
        lines.append(
            [
                level.label(held.unit).removesuffix("/s"),
                f"{level.seconds:.1f}",
                str(len(own)),
                str(sum(r.outcome != "ok" for r in own)),
                str(aborted),
                _figure(throughput),
                *(_figure(_at(q, believed if q.metric.dated else own)) for q in main),
            ]
        )
    notes = [no_rate_note(rateless, per.title)] if rateless else []
    notes += [survivorship_note(survivors)] if survivors else []
    return "\n\n".join([aligned(lines), *(["\n".join(notes)] if notes else [])])


def _at(quantile: Quantile, believed: Sequence[RequestRecord]) -> float | None:
    """None where the report says none: of too few answers."""
    values = quantile.metric.values(r for r in believed if r.outcome == "ok")
    few = quantile.q != 0.5 and len(values) < wanted_answers(max(quantile.q, 1 - quantile.q))
    return None if few else percentile(values, quantile.q)


def _figure(value: float | None) -> str:
    if value is None:
        return "-"
    return f"{value:.1f}" if value >= 1 or value == 0 else f"{value:.3g}"


def what_next(cell: Cell, folder: Path) -> str:
    """The line below the table: what may be done with it."""
    if not cell.verdict.valid:
        return "The run is invalid, as its verdict says: believe none of these."
    if not cell.complete:
        return "The load was interrupted: these are its levels until then."
    return f"The same with intervals, and more: report {shlex.quote(str(folder))}"


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns under their heads, to the right."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join("  ".join(map(str.rjust, line, widths)) for line in lines)
