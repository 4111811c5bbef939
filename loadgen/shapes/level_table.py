"""What the terminal says of a shape's levels. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from records.cell import Cell, Window
from records.levels import HeldLevels, cut_in, has_rate, lucky_note, many_cut, no_rate_note, wanted_in
from records.measure import measured, percentile, rate, timed, wanted_answers
from records.request import RequestRecord


def table(held: HeldLevels, requests: Sequence[RequestRecord], window: Window | None) -> str:
    """A line a level, and below them what is to be known of some. Percentiles are of good answers."""
    unit = "users" if held.unit == "users" else "requests/s"
    lines = [[unit, "seconds", "requests", "failures", "cut", "RPS", "TTFT p50 ms", "TTFT p95 ms"]]
    counted, dated = measured(requests, window), timed(requests, window)
    lucky, rateless = [], []
    for level, cut in zip(held.levels, cut_in(requests, held.levels), strict=True):
        own = wanted_in(counted, level)
        if many_cut(cut, len(own)):
            lucky.append(level.label(held.unit))
        ttft_ms = [ms for r in wanted_in(dated, level) if r.outcome == "ok" and (ms := r.ttft_ms) is not None]
        rps = None
        if has_rate(level, own):
            rps = rate(requests, Window(start_ns=level.start_ns, end_ns=level.end_ns))
        elif level.seconds:
            rateless.append(level.label(held.unit))
        p50, p95 = percentile(ttft_ms, 0.5), percentile(ttft_ms, 0.95)
        lines.append(
            [
                level.label(held.unit).removesuffix("/s"),
                f"{level.seconds:.1f}",
                str(len(own)),
                str(sum(r.outcome != "ok" for r in own)),
                str(cut),
                "-" if rps is None else f"{rps:.1f}",
                "-" if p50 is None else f"{p50:.1f}",
                "-" if p95 is None or len(ttft_ms) < wanted_answers(0.95) else f"{p95:.1f}",
            ]
        )
    notes = [note(labels) for note, labels in ((no_rate_note, rateless), (lucky_note, lucky)) if labels]
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
