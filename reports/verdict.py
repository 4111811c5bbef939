"""The verdict as sentences: what may be believed, and what has to be known beside the figures."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis import Analysis
from reports.asked import asked_differently, set_differently
from reports.document import Paragraph, listed, number, value
from reports.load import Load
from reports.masters import levels_apart
from reports.summary import CellSummary

CONNECT_SHARE = 0.10
"""Of the TTFT: what connecting may take before it is told."""


def _named(cell: CellSummary, analysis: Analysis) -> str:
    source = f"{cell.source}/" if len(analysis.sources) > 1 else ""
    return f"{source}{cell.cell.name}"


def _struck_line(cell: CellSummary, analysis: Analysis) -> str:
    why = "; ".join(f"{check.text or check.name} ({check.name})" for check in cell.failed_checks)
    why = why or "nothing was checked"
    figures = f"{value(cell.figures.rps)} RPS, TTFT {value(cell.figures.ttft_p50)} ms"
    return f"{_named(cell, analysis)}, {figures}: {why}"


def _other_loads(analysis: Analysis) -> Iterator[str]:
    """Loads that a number of users does not describe, and levels that pool what was not asked alike."""
    for cell in analysis.cells:
        wanted, name = cell.cell.requested, _named(cell, analysis)
        if wanted.get("shape"):
            yield f"{name}: the shape {wanted['shape']} changed the load; its figures pool all of its levels."
        elif rate := Load.of(cell.cell).rate:
            yield (
                f"{name} is an open loop of {rate:g} requests a second ({wanted.get('arrival')}): "
                "its number of users says nothing."
            )
    for level in analysis.levels:
        cells = [c.cell for c in level.valid_cells]
        differ = (*asked_differently(cells), *set_differently(cells))
        if differ:
            yield (
                f"{level.deployment}/{level.config} at {level.load.named} pools cells that were "
                f"asked differently ({listed(differ)}): those figures mean nothing."
            )


def _connecting(analysis: Analysis) -> Iterator[str]:
    """Waiting for a connection ends before a request is sent: no latency of a closed loop has it."""
    found = []
    for cell in analysis.cells:
        parts, ttft = [part.data for part in cell.parts], cell.figures.ttft_p50
        counts = [data.cell.achieved for data in parts]
        # An open loop's latency counts from when the request was due, so it has it.
        if cell.cell.requested.get("rate") or ttft is None or not all(c.get("connect_ms") for c in counts):
            continue
        ms = sum(c.get("connects", 0) * c["connect_ms"] for c in counts) / sum(len(d.requests) for d in parts)
        if ms > CONNECT_SHARE * ttft.value:
            found.append((ms, cell.cell.name))
    if found:
        ms, name = max(found)
        others = f"; {len(found) - 1} more cells likewise" if len(found) > 1 else ""
        yield f"{name}: connecting took {number(ms)} ms a request on average, which is in no figure{others}."


def _overlapping(analysis: Analysis) -> Iterator[str]:
    """Loads that one service had at the same time, of which each is reported as if it were alone."""
    pairs = analysis.overlapping
    if pairs:
        who = listed([_named(cell, analysis) for cell in pairs[0]])
        others = f"; {len(pairs) - 1} more pairs likewise" if len(pairs) > 1 else ""
        yield (
            f"{who} overlap in time and were not added up: they took from each other, so neither shows what "
            f"the service does alone{others}."
        )


def verdict(analysis: Analysis) -> Paragraph:
    """How many cells are valid, why the others are not, and what else a reader has to know."""
    cells, invalid = analysis.cells, analysis.invalid
    good = len(cells) - len(invalid)
    struck = [_struck_line(cell, analysis) for cell in invalid]
    lines = [f"{good} of {len(cells)} cells are valid; an invalid one enters no ratio and no pooled figure."]
    first = len(lines)
    lines += struck
    for deployment, config in analysis.without_valid_cell:
        lines.append(f"No valid cell: {deployment}/{config}. Nothing can be said about it.")
    if analysis.as_is:
        text = "configuration as-is: the service does not say what it runs, so it was not proved (n/a)"
        lines.append(f"{len(analysis.as_is)} of {len(cells)} cells: {text}.")
    if analysis.incomplete:
        lines.append(f"{len(analysis.incomplete)} cells have no end and were left out.")
    names = {"generator-lag": ("loop lag p99", "ms"), "generator-cpu": ("busiest process", "% of a core")}
    for lag in analysis.generator:
        what, unit = names[lag.name]
        bound = "" if lag.bound is None else f" (bound {number(lag.bound)})"
        lines.append(f"Generator: {what} at most {number(lag.worst)} {unit}{bound}, in {lag.cell}.")
    if cells and not any(lag.name == "generator-lag" for lag in analysis.generator):
        lines.append("Generator: its loop lag was not measured (n/a).")
    for cell in analysis.merged:
        text = f"ran at the same time: added up to {Load.of(cell.cell).named}, over the time they share"
        who = f"{cell.parts[0].data.cell.name} of {listed([p.source for p in cell.parts])}"
        lines.append(f"{who} {text}.")
        if levels_apart(cell.parts):
            lines.append(
                f"{who} did not go through the levels of {cell.cell.requested.get('shape')} side by side: "
                "they are in no table; read each directory by itself."
            )
    lines += _overlapping(analysis)
    lines += _other_loads(analysis)
    lines += _connecting(analysis)
    if analysis.repeats == 1:
        whole = "One repeat" if analysis.most_repeats == 1 else "Some levels have one repeat"
        lines.append(f"{whole}: such intervals cover noise within a run only, not between runs.")
    elif 1 < analysis.repeats < 5:
        lines.append(f"{analysis.repeats} repeats: the intervals know little of the noise between runs.")
    return Paragraph(title="Verdict", lines=tuple(lines), struck=frozenset(range(first, first + len(struck))))
