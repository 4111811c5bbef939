"""The verdict as sentences: what may be believed, and what has to be known beside the figures."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.caution import named
from reports.cautions import cautions
from reports.document import Paragraph
from reports.figures.load import Load
from reports.figures.masters import levels_apart
from reports.figures.summary import CellSummary
from reports.figures.text import listed, number, value
from reports.machine import cpus


def _struck_line(cell: CellSummary, analysis: Analysis) -> str:
    why = "; ".join(f"{check.text or check.name} ({check.name})" for check in cell.failed_checks)
    why = why or "nothing was checked"
    of, metric = cell.figures, cell.workload.compared
    median = f"{metric.title} {value(of.median)} {metric.unit}".rstrip()
    figures = f"{value(of.throughput)} {cell.workload.throughput.title}, {median}"
    return f"{named(cell, analysis)}, {figures}: {why}"


def _other_loads(analysis: Analysis) -> Iterator[str]:
    """Loads that a number of users does not describe."""
    for cell in analysis.cells:
        wanted, name = cell.cell.requested, named(cell, analysis)
        if wanted.get("shape"):
            yield f"{name}: the shape {wanted['shape']} changed the load; its figures pool all of its levels."
        elif rate := Load.of(cell.cell).rate:
            yield (
                f"{name} is an open loop of {rate:g} requests a second ({wanted.get('arrival')}): "
                "its number of users says nothing."
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
    lines += [sentence for caution in cautions(analysis) for sentence in caution.sentences]
    if machine := cpus(analysis.cells):
        lines.append(machine)
    for lag in analysis.generator:
        if lag.name == "generator-cpu":  # what its stalls did is told by the late requests
            bound = "" if lag.bound is None else f" (bound {number(lag.bound)})"
            what = f"its busiest process took at most {number(lag.worst)} % of a core{bound}"
            lines.append(f"Generator: {what}, in {lag.cell}.")
    if cells and not any(lag.name == "generator-lag" for lag in analysis.generator):
        lines.append("Generator: whether it stalled was not measured (n/a).")
    for cell in analysis.merged:
        text = f"ran at the same time: added up to {Load.of(cell.cell).named}, over the time they share"
        who = f"{cell.parts[0].data.cell.name} of {listed([p.source for p in cell.parts])}"
        lines.append(f"{who} {text}.")
        if levels_apart(cell.parts):
            lines.append(
                f"{who} did not go through the levels of {cell.cell.requested.get('shape')} side by side: "
                "they are in no table; read each directory by itself."
            )
    lines += _other_loads(analysis)
    if 1 < analysis.repeats < 5:
        lines.append(f"{analysis.repeats} repeats: the intervals know little of the noise between runs.")
    return Paragraph(title="Verdict", lines=tuple(lines), struck=frozenset(range(first, first + len(struck))))
