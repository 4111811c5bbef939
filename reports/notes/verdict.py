"""The verdict as sentences: what may be believed, and what has to be known beside the figures."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from reports.analysis.analysis import Analysis
from reports.analysis.note import Note
from reports.analysis.of_loads import AddedUp, LevelsApart, OpenLoop, ShapedLoad
from reports.analysis.of_machine import GeneratorFigure, GeneratorUnknown, NoPriority
from reports.analysis.of_runs import Cpus, FewRepeats
from reports.document.document import Paragraph
from reports.figures.summary import CellSummary
from reports.figures.text import listed, number, value
from reports.notes.cautions import cautions, grouped
from reports.notes.meanwhile import meanwhile
from reports.notes.said_above import ALIKE, as_above, is_said, without_figures
from reports.notes.valid_count import valid_count
from workloads.checks.advice import in_one_line


def _reason(cell: CellSummary, above: Sequence[str]) -> str:
    """All of it, but for what the lines ``above`` have."""
    said = [check.name for check in cell.failed_checks if is_said(check, above)]
    others = in_one_line([check for check in cell.failed_checks if check.name not in said], named=True)
    return "; ".join([as_above(said)] * bool(said) + [others] * bool(others)) or "nothing was checked"


def _invalid_lines(analysis: Analysis, above: Sequence[str]) -> Iterator[str]:
    """One for all cells with the same reason, be it in other figures: then it is the first one's."""
    groups: dict[str, list[CellSummary]] = {}
    for cell in analysis.invalid:
        groups.setdefault(without_figures(_reason(cell, above)), []).append(cell)
    for cells in groups.values():
        why = _reason(cells[0], above)
        if len(cells) == 1:
            yield f"{_figures_of(cells[0], analysis)}: {why}{_beside(cells, above)}"
            continue
        alike = len({_reason(cell, above) for cell in cells}) == 1
        names = ", ".join(map(analysis.named, cells))
        yield f"{len(cells)} cells ({names}): {why if alike else f'{ALIKE}{why}'}{_beside(cells, above)}"


def _without_valid_cell(analysis: Analysis, causes: Mapping[tuple[str, str], str]) -> Iterator[str]:
    """One sentence for all of which nothing was found."""
    if unknown := ["/".join(pair) for pair in analysis.without_valid_cell if pair not in causes]:
        has = "has" if len(unknown) == 1 else "have"
        yield f"{listed(unknown)} {has} no valid cell, and so no figures of throughput or latency."
    for pair in analysis.without_valid_cell:
        if pair in causes:
            but = f"but those of what was found ({causes[pair]}), which is why"
            yield f"{'/'.join(pair)} has no valid cell, and so no figures of throughput or latency {but}."


def _beside(cells: Sequence[CellSummary], above: Sequence[str]) -> str:
    """Who else was at work, where that may be why they failed and no line ``above`` has it."""
    said = meanwhile(cells, [check for cell in cells for check in cell.failed_checks])
    return f"; {said}" if said and not any(said in line for line in above) else ""


def _figures_of(cell: CellSummary, analysis: Analysis) -> str:
    of, metric = cell.figures, cell.workload.compared
    median = f"{metric.title} {value(of.median)} {metric.unit}".rstrip()
    figures = f"{value(of.throughput)} {cell.workload.throughput.title}, {median}"
    return f"{analysis.named(cell)}, {figures}"


def _cpus(notes: Sequence[Cpus]) -> Iterator[str]:
    yield f"CPUs: {listed([_divided(note) for note in notes])}."


def _divided(note: Cpus) -> str:
    first = " before all else there" if note.realtime else ""
    if note.target is None:
        return f"load on {_ranges(note.load)}{first}, the target wherever it runs"
    if note.load == note.target:
        return f"load and target shared {_ranges(note.load)}{', the load before all else' if first else ''}"
    return f"load on {_ranges(note.load)}{first}, target on {_ranges(note.target)}"


def _ranges(numbers: Sequence[int]) -> str:
    """``CPU 0``, ``CPUs 1-3,5``, as taskset lists them."""
    runs: list[list[int]] = []
    for n in numbers:
        if runs and n == runs[-1][-1] + 1:
            runs[-1].append(n)
        else:
            runs.append([n])
    text = ",".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
    return f"CPU {text}" if text.isdigit() else f"CPUs {text}"


def _generator(notes: Sequence[GeneratorFigure]) -> Iterator[str]:
    for note in notes:
        if note.check == "generator-cpu":  # what its stalls did is told by the late requests
            bound = "" if note.bound is None else f" (bound {number(note.bound)})"
            what = f"its busiest process took at most {number(note.worst)} % of a core{bound}"
            yield f"Generator: {what}, in {note.cell}."


def _generator_unknown(_: Sequence[GeneratorUnknown]) -> Iterator[str]:
    yield "Generator: whether it stalled was not measured (n/a)."


def _no_priority(notes: Sequence[NoPriority]) -> Iterator[str]:
    count = len(notes[0].cells)
    where = "a cell that was late or spoiled" if count == 1 else f"{count} cells that were late or spoiled"
    yield (
        f"Generator: this system did not let it run before other programs (real-time priority), in {where}; "
        "root, CAP_SYS_NICE or an rtprio limit (ulimit -r) allows it, but in a control group without "
        "real-time (cpu.rt_runtime_us is 0) nobody may."
    )


def _added_up(notes: Sequence[AddedUp]) -> Iterator[str]:
    for note in notes:
        text = f"ran at the same time: added up to {note.load.named}, over the time they share"
        yield f"{note.cell} of {listed(note.sources)} {text}."


def _levels_apart(notes: Sequence[LevelsApart]) -> Iterator[str]:
    for note in notes:
        yield (
            f"{note.cell} of {listed(note.sources)} did not go through the levels of {note.shape} side by "
            "side: they are in no table; read each directory by itself."
        )


def _shaped(notes: Sequence[ShapedLoad]) -> Iterator[str]:
    for note in notes:
        yield f"{note.cell}: the shape {note.shape} changed the load; its figures pool all of its levels."


def _open_loop(notes: Sequence[OpenLoop]) -> Iterator[str]:
    for note in notes:
        loop = f"an open loop of {note.rate:g} requests a second ({note.arrival})"
        yield f"{note.cell} is {loop}: its number of users says nothing."


def _few_repeats(notes: Sequence[FewRepeats]) -> Iterator[str]:
    little = "the intervals know little of how much runs differ (sweep: more --repeats)"
    yield f"{notes[0].repeats} repeats: {little}."


REMARKS: dict[type[Note], Callable[[Any], Iterator[str]]] = {
    Cpus: _cpus,
    GeneratorFigure: _generator,
    GeneratorUnknown: _generator_unknown,
    NoPriority: _no_priority,
    AddedUp: _added_up,
    LevelsApart: _levels_apart,
    ShapedLoad: _shaped,
    OpenLoop: _open_loop,
    FewRepeats: _few_repeats,
}
"""Of notes that are no reason for caution."""


def verdict(
    analysis: Analysis,
    causes: Mapping[tuple[str, str], str] | None = None,
    *,
    above: Sequence[str] = (),
) -> Paragraph:
    """How many cells are valid, why the others are not, and what else a reader has to know. ``causes``: what
    was found of a service and is why it has no valid cell; ``above``: the report's first lines."""
    cells, invalid = analysis.cells, analysis.invalid
    good = len(cells) - len(invalid)
    shown = list(_invalid_lines(analysis, above))
    lines = [f"{valid_count(good, len(cells))}; an invalid one enters no ratio and no pooled figure."]
    if not cells:
        lines = ["No cell was measured to its end."]
    first = len(lines)
    lines += shown
    lines += _without_valid_cell(analysis, causes or {})
    lines += [sentence for caution in cautions(analysis) for sentence in caution.sentences]
    lines += [
        line for kind, notes in grouped(analysis.notes) if kind in REMARKS for line in REMARKS[kind](notes)
    ]
    return Paragraph(title="Verdict", lines=tuple(lines), invalid=frozenset(range(first, first + len(shown))))
