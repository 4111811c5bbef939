"""From runs to everything a report says, computed once."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from records.cells.reader import Run
from reports.analysis import (
    of_answers,
    of_ends,
    of_evidence,
    of_kinds,
    of_loads,
    of_machine,
    of_missing,
    of_processes,
    of_ratios,
    of_records,
    of_runs,
    of_sharing,
    of_spans,
    of_stacks,
)
from reports.analysis.analysis import Analysis, Source
from reports.analysis.note import Note
from reports.evidence.latency_breakdown import latency_breakdowns
from reports.figures.attribution import attribute
from reports.figures.compare import compare_configs, compare_deployments
from reports.figures.dial import dials
from reports.figures.fixes import compare_fixes
from reports.figures.gap import gaps
from reports.figures.knees import find_knees
from reports.figures.ratios import Ratios
from reports.figures.regions import regions
from reports.figures.shaped import shaped_cells
from reports.figures.summary import planned_variants, source_names, summarise
from reports.figures.ttft_growth import ttft_growths

MAKERS: tuple[Callable[[Analysis], Iterator[Note]], ...] = (
    of_runs.proof,
    of_runs.verified,
    of_runs.older,
    of_runs.lost,
    of_runs.finished,
    of_records.impossible_times,
    of_records.repeated,
    of_evidence.unread,
    of_missing.missing,
    of_missing.partial,
    of_answers.thoughts_only,
    of_answers.unknown_ends,
    of_kinds.kinds,
    of_answers.token_pace,
    of_answers.body_held,
    of_answers.undecided,
    of_ratios.compared,
    of_processes.uneven,
    of_loads.overlapping,
    of_machine.drifts,
    of_answers.impossible_stages,
    of_spans.spans_missing,
    of_stacks.no_stacks,
    of_machine.disturbed,
    of_machine.stood_still,
    of_sharing.load_took,
    of_answers.late,
    of_answers.gaps_left_out,
    of_ends.ended_short,
    of_ends.falling_load,
    of_runs.again,
    of_loads.connecting,
    of_runs.one_repeat,
    of_answers.no_stage_times,
    of_runs.cpus,
    of_machine.generator,
    of_machine.no_priority,
    of_loads.added_up,
    of_loads.no_users,
    of_runs.few_repeats,
    of_loads.cold,
)
"""Of the notes, worst first: the order in which reports say them."""


def _reference(runs: Sequence[Run]) -> str | None:
    """The first that a plan names."""
    plans = [plan for run in runs if isinstance(plan := run.meta.get("plan"), dict)]
    return next((name for plan in plans if isinstance(name := plan.get("reference"), str)), None)


def analyse(runs: Sequence[Run], reference: str | None = None) -> Analysis:
    """``reference``: the variant that others are compared with, if not the one that the runs' plans name."""
    found = summarise(runs)
    ratios = Ratios(found)
    levels = tuple(map(ratios.with_noise, found))
    names = source_names(runs)
    sources = [
        Source(name=name, run=run, budget_ended=run.meta.get("budget_ended") is True)
        for name, run in zip(names, runs, strict=True)
    ]
    incomplete = [f"{name}: {cell}" for name, run in zip(names, runs, strict=True) for cell in run.incomplete]
    valid = {(level.deployment, level.config) for level in levels if level.valid}
    met = [(level.deployment, level.config) for level in levels]
    known = {(level.deployment, level.row.variant) for level in levels}
    for run in runs:
        unread = [*run.incomplete, *(one.name for one in run.lost)]
        cut = [(part[0], part[1]) for cell in unread if len(part := cell.split("/")) == 3]
        met += [pair for pair in cut if pair not in known]
    beside = compare_deployments(levels, ratios)
    analysis = Analysis(
        sources=tuple(sources),
        levels=levels,
        comparisons=compare_configs(
            levels, ratios, reference=reference or _reference(runs), given=planned_variants(runs)
        ),
        deployment_ratios=beside,
        gaps=tuple(gaps(levels, beside, ratios)),
        effects=attribute(levels),
        dials=dials(levels),
        knees=find_knees(levels, budget_ended=any(source.budget_ended for source in sources)),
        latency_breakdowns=latency_breakdowns(levels),
        ttft_growths=ttft_growths(levels),
        shaped=shaped_cells(levels),
        regions=regions(levels),
        fixes=compare_fixes(runs, levels, ratios),
        incomplete=tuple(incomplete),
        without_valid_cell=tuple(pair for pair in dict.fromkeys(met) if pair not in valid),
    )
    return replace(analysis, notes=tuple(note for make in MAKERS for note in make(analysis)))
