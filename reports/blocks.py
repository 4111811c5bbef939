"""The report's sections in their order: each from the analysis to tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

from records.services.variants import mocked_by
from reports.analysis.analysis import Analysis
from reports.analysis.of_loads import Cold
from reports.document.document import Block, Paragraph, Row, Table
from reports.evidence.latency_breakdown import LatencyBreakdown
from reports.figures.compare import Comparison, by_workload, configs_of, deployments_of
from reports.figures.load import heads
from reports.figures.summary import OperatingPoint
from reports.figures.text import NONE, number, times
from reports.findings.acquittal import acquittals
from reports.findings.catalogue import diagnosis
from reports.notes.footnotes import absent_note, answer_notes, failure_note, ratio_notes, trait_notes
from reports.notes.verdict import verdict
from reports.tables import columns
from reports.tables.dial import dial_tables
from reports.tables.effects import effect_tables
from reports.tables.fixes import fix_tables
from reports.tables.foretold import prediction
from reports.tables.gap import gap_tables
from reports.tables.ladder import ladder_tables
from reports.tables.regions import region_tables
from reports.tables.shaped import level_tables
from reports.tables.side_by_side import original_table
from reports.tables.ttft_growth import ttft_growth_tables
from reports.words.diagnosis import section
from reports.words.growth import knee_sentence
from reports.words.headline import what_this_says
from reports.words.sentences import unexplained

LLM_CLIENT_NOTE = (
    "LLM client: the app's LLM stage less the LLM server's own record of it (medians): what it costs, "
    "a part of llm."
)
QUEUED_SHARE, QUEUED_MS = 0.1, 1.0
"""A smaller queue is not shown."""
EFFECT_NOTE = (
    "An effect is not yet a cause: mocking a stage also relieves whatever only waits for it, and below the "
    "level where growth stops a faster stage saves latency, not capacity."
)


def _level_row(level: OperatingPoint, first: Sequence[str], side: Sequence[str]) -> Row:
    f = level.figures
    main, others = columns.main_cells(f, valid=level.valid), columns.cells(f, side)
    return Row(cells=(*level.load.cells(first), *main, *others, str(f.failures)), invalid=not level.valid)


def _single_table(levels: list[OperatingPoint]) -> Table:
    """One deployment's one configuration, of one workload."""
    workload, figures = levels[0].workload, [level.figures for level in levels]
    side = columns.shown(figures, workload.side)
    first, others = heads(level.load for level in levels), columns.heads(workload, side)
    notes = [
        note for level in levels if level.valid for note in failure_note(level.figures, level.load.named)
    ]
    notes += [*trait_notes(figures), *answer_notes(levels)]
    notes += absent_note(figures, (*workload.main, *side))
    if any(not level.valid for level in levels):
        notes.append("Struck out: no valid cell at that level; see the verdict.")
    return Table(
        title=f"{levels[0].deployment}: {levels[0].config}",
        columns=(*first, *columns.main_heads(workload), *others, "Fail"),
        rows=tuple(_level_row(level, first, side) for level in levels),
        notes=tuple(notes),
        optional=others,
        keys=len(first),
    )


def _configurations(analysis: Analysis) -> Iterator[Block]:
    deployments = deployments_of(analysis.levels)
    for config, group in product(configs_of(analysis.levels), by_workload(analysis.levels)):
        both = [
            name for name in deployments if any((lv.deployment, lv.config) == (name, config) for lv in group)
        ]
        if len(both) > 1 and both[0] == deployments[0]:
            for second in both[1:]:
                yield original_table(analysis, config, group[0].workload, second)
            continue
        for deployment in deployments:
            own = [lv for lv in group if (lv.deployment, lv.config) == (deployment, config)]
            if own:
                yield _single_table(own)


def _comparisons(analysis: Analysis) -> Iterator[Block]:
    groups: dict[tuple[str, str, str], list[Comparison]] = {}
    for c in analysis.comparisons:
        groups.setdefault((c.deployment, c.workload.name, c.reference), []).append(c)
    yield from map(_comparison_table, groups.values())


def _mocks(config: str) -> bool:
    """Does a variant of that name, whatever else sets it apart, mock anything?"""
    return bool(mocked_by(config.partition(" ")[0]))


def _comparison_table(own: Sequence[Comparison]) -> Table:
    """Of one deployment and workload, with one reference."""
    rows, first, workload = [], heads(c.load for c in own), own[0].workload
    per, metric = workload.throughput.title, workload.compared
    for c in sorted(own, key=lambda c: c.load):
        ratios = ((per, c.throughput), (metric.title, c.compared))
        difference = [name for name, ratio in ratios if ratio is not None and ratio.excludes_one]
        says = ", ".join(difference) if difference else "no difference shown"
        if c.throughput is None and c.compared is None:
            says = NONE
        both = (times(c.throughput), times(c.compared))
        rows.append(Row(cells=(*c.load.cells(first), c.config, *both, says)))
    absent = ["'-': one of the two has no valid cell at that load."]
    if not any(c.throughput is None and not c.differ_in for c in own):
        absent = []
    return Table(
        title=f"{own[0].deployment}: times faster than {own[0].reference}",
        columns=(*first, "Configuration", per, workload.median.title, "Differs in"),
        rows=tuple(rows),
        notes=(
            "Above 1 is faster. 'Differs in': whose 95 % interval excludes 1.",
            *([EFFECT_NOTE] if any(_mocks(c.config) or _mocks(c.reference) for c in own) else []),
            *absent,
            *ratio_notes(own),
        ),
    )


def _knees(analysis: Analysis) -> Iterator[Block]:
    lines = []
    for knee in analysis.knees:
        lines.append(f"{knee.deployment}/{knee.name}: {knee_sentence(knee)}.")
        lines += [f"{prediction(one)}." for one in analysis.foretold if one.knee is knee]
    if lines:
        yield Paragraph(title="Where throughput stops growing", lines=tuple(lines))


def _stage(breakdown: LatencyBreakdown, stage: str) -> str:
    """All of its time, and how much of that was spent in its queue, where that is much."""
    whole, queued = breakdown.stages_ms.get(stage), breakdown.queued_ms.get(stage, 0.0)
    if whole is None or queued < QUEUED_SHARE * whole or queued < QUEUED_MS:
        return number(whole)
    return f"{number(whole)} (q {number(queued)})"


def _latency_breakdowns(analysis: Analysis) -> Iterator[Block]:
    groups: dict[tuple[str, str], list[LatencyBreakdown]] = {}
    for breakdown in analysis.latency_breakdowns:
        groups.setdefault((breakdown.deployment, breakdown.config), []).append(breakdown)
    for (deployment, config), own in groups.items():
        stages = list(dict.fromkeys(name for breakdown in own for name in breakdown.stages_ms))
        sdk = any(a.llm_client_overhead_ms is not None for a in own)
        first = heads(a.load for a in own)
        rows = [
            Row(cells=(
                *a.load.cells(first), number(a.ttft_ms), *(_stage(a, stage) for stage in stages),
                number(a.unattributed_ms), *((number(a.llm_client_overhead_ms),) if sdk else ()),
            ))
            for a in own
        ]  # fmt: skip
        notes = [LLM_CLIENT_NOTE] if sdk else []
        notes += [
            f"Wrong at {a.load.named}: in {a.impossible} of {a.answers} answers the stages add up to "
            "more than the TTFT, so the server's times are not to be believed"
            + (" and no remainder is given." if a.unattributed_ms is None else ".")
            for a in own
            if a.impossible
        ]
        short = ["prep" if stage == "preprocess" else stage for stage in stages]
        yield Table(
            title=f"{deployment}: {config}: where the TTFT goes (medians, ms; q: of it in the stage's queue)",
            columns=(*first, "TTFT", *short, "unattributed", *(("LLM client",) if sdk else ())),
            rows=tuple(rows),
            notes=("unattributed: each request's TTFT less its stages, the median.", *notes),
        )


def _unexplained(analysis: Analysis) -> Iterator[Block]:
    lines = tuple(sentence.text for sentence in unexplained(analysis))
    if lines:
        yield Paragraph(title="Where the TTFT goes is not known", lines=lines)


def _cold(analysis: Analysis) -> Iterator[Block]:
    for workload in analysis.workloads:
        own = [c for c in analysis.noted(Cold) if c.workload == workload]
        rows = [
            Row(cells=(f"{c.deployment}: {c.config}", str(c.requests), number(c.median), number(c.worst)))
            for c in own
        ]
        if not rows:
            continue
        metric = workload.compared
        worst = f"{metric.title} {'min' if metric.higher_is_better else 'max'} {metric.unit}".rstrip()
        yield Table(
            title="First requests (cold: in no figure above)",
            columns=("Configuration", "Loads", workload.median.heading, worst),
            rows=tuple(rows),
            notes=("The very first request of each load, before its warm-up.",),
        )


def _findings(analysis: Analysis) -> Iterator[Block]:
    found = diagnosis(analysis)
    yield from section(found, acquittals(analysis, found))


def _regions(analysis: Analysis) -> Iterator[Block]:
    yield from region_tables(analysis.regions)


def blocks(analysis: Analysis) -> list[Block]:
    """The whole report, in order: first what to know, last what it rests on."""
    says = Paragraph(title="What this says", lines=tuple(what_this_says(analysis)))
    parts = (
        _configurations,
        gap_tables,
        level_tables,
        _regions,
        _findings,
        fix_tables,
        _comparisons,
        effect_tables,
        dial_tables,
        _knees,
        ladder_tables,
        _latency_breakdowns,
        ttft_growth_tables,
        _unexplained,
        _cold,
    )
    return [says, *(block for part in parts for block in part(analysis)), verdict(analysis)]
