"""What the terminal says of a shape's levels. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from records.cell import Cell, Window
from records.levels import (
    LoadStages,
    aborted_in,
    has_rate,
    many_aborted,
    no_rate_note,
    survivorship_note,
    wanted_in,
)
from records.measure import measured, percentile, rate, timed, wanted_answers
from records.request import RequestRecord


def table(held: LoadStages, requests: Sequence[RequestRecord], window: Window | None) -> str:
    """A line a level, and below them what is to be known of some. Percentiles are the report's: of good
    answers."""
    unit = "users" if held.unit == "users" else "requests/s"
    lines = [[unit, "seconds", "requests", "failures", "aborted", "RPS", "TTFT p50 ms", "TTFT p95 ms"]]
    counted, dated = measured(requests, window), timed(requests, window)
    survivors, rateless = [], []
    for level, aborted in zip(held.levels, aborted_in(requests, held.levels), strict=True):
        own = wanted_in(counted, level)
        if many_aborted(aborted, len(own)):
            survivors.append(level.label(held.unit))
        ttft_ms = [ms for r in wanted_in(dated, level) if r.outcome == "ok" and (ms := r.ttft_ms) is not None]
        rps = None
        if has_rate(level, own):
            rps = rate(requests, Window(start_ns=level.start_ns, end_ns=level.end_ns))
        elif level.seconds:
            rateless.append(level.label(held.unit))
        p50 = percentile(ttft_ms, 0.5)
        p95 = percentile(ttft_ms, 0.95) if len(ttft_ms) >= wanted_answers(0.95) else None
        lines.append(
            [
                level.label(held.unit).removesuffix("/s"),
                f"{level.seconds:.1f}",
                str(len(own)),
                str(sum(r.outcome != "ok" for r in own)),
                str(aborted),
                "-" if rps is None else f"{rps:.1f}",
                "-" if p50 is None else f"{p50:.1f}",
                "-" if p95 is None else f"{p95:.1f}",
            ]
        )
    notes = [
        note(labels) for note, labels in ((no_rate_note, rateless), (survivorship_note, survivors)) if labels
    ]
    return "\n\n".join([aligned(lines), *(["\n".join(notes)] if notes else [])])


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
