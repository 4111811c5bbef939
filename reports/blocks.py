"""The report's sections in their order: each from the analysis to tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from reports import columns
from reports.account import Account
from reports.analysis import Analysis
from reports.compare import by_workload, configs_of, deployments_of
from reports.document import NONE, Block, Paragraph, Row, Table, number, times
from reports.growth import knee_sentence
from reports.headline import what_this_says
from reports.load import head
from reports.notes import failure_note, late_notes, ratio_notes
from reports.shaped_tables import level_tables
from reports.side_by_side import original_table
from reports.summary import Level
from reports.verdict import verdict

SDK_NOTE = (
    "SDK: the app's LLM stage less the LLM server's own record of it (medians): what the LLM's client costs, "
    "a part of llm."
)
EFFECT_NOTE = (
    "An effect is not yet a cause: mocking a stage also relieves whatever only waits for it, and below the "
    "level where growth stops a faster stage saves latency, not capacity."
)


def _level_row(level: Level) -> Row:
    f = level.figures
    values = columns.cells(f, level.workload.columns.side)
    return Row(
        cells=(level.load.label, *columns.main_cells(f, valid=level.valid), *values, str(f.failures)),
        struck=not level.valid,
    )


def _single_table(levels: list[Level]) -> Table:
    """One deployment's one configuration, of one workload."""
    workload = levels[0].workload
    side = columns.heads(workload, workload.columns.side)
    notes = [
        note for level in levels if level.valid for note in failure_note(level.figures, level.load.named)
    ]
    notes += late_notes(levels)
    if any(not level.valid for level in levels):
        notes.append("Struck out: no valid cell at that level; see the verdict.")
    return Table(
        title=f"{levels[0].deployment}: {levels[0].config}",
        columns=(
            *(head(level.load for level in levels), *columns.main_heads(workload)),
            *(*side, "Fail"),
        ),
        rows=tuple(_level_row(level) for level in levels),
        notes=tuple(notes),
        optional=side,
    )


def _configurations(analysis: Analysis) -> Iterator[Block]:
    deployments = deployments_of(analysis.levels)
    for config, group in product(configs_of(analysis.levels), by_workload(analysis.levels)):
        both = {level.deployment for level in group if level.config == config}
        if len(deployments) == 2 and len(both) == 2:
            yield original_table(analysis, config, group[0].workload)
            continue
        for deployment in deployments:
            own = [lv for lv in group if (lv.deployment, lv.config) == (deployment, config)]
            if own:
                yield _single_table(own)


def _comparisons(analysis: Analysis) -> Iterator[Block]:
    for deployment, workload in product(deployments_of(analysis.levels), analysis.workloads):
        own = [c for c in analysis.comparisons if (c.deployment, c.workload) == (deployment, workload)]
        if not own:
            continue
        per, metric = workload.throughput.title, workload.compared
        rows = []
        for c in sorted(own, key=lambda c: c.load):
            difference = [
                name
                for name, ratio in ((per, c.throughput), (metric.title, c.compared))
                if ratio is not None and ratio.excludes_one
            ]
            says = ", ".join(difference) if difference else "no difference shown"
            if c.throughput is None and c.compared is None:
                says = NONE
            rows.append(Row(cells=(c.load.label, c.config, times(c.throughput), times(c.compared), says)))
        yield Table(
            title=f"{deployment}: times faster than {own[0].reference}",
            columns=(head(c.load for c in own), "Configuration", per, workload.median.title, "Differs in"),
            rows=tuple(rows),
            notes=(
                "Above 1 is faster. 'Differs in': whose 95 % interval excludes 1.",
                EFFECT_NOTE,
                *ratio_notes(own),
            ),
        )


def _knees(analysis: Analysis) -> Iterator[Block]:
    lines = []
    for knee in analysis.knees:
        whose = (knee.deployment, knee.config, knee.workload)
        own = [lv for lv in analysis.levels if (lv.deployment, lv.config, lv.workload) == whose]
        lines.append(f"{knee.deployment}/{knee.config}: {knee_sentence(knee, own)}.")
    if lines:
        yield Paragraph(title="Where throughput stops growing", lines=tuple(lines))


def _accounts(analysis: Analysis) -> Iterator[Block]:
    groups: dict[tuple[str, str], list[Account]] = {}
    for account in analysis.accounts:
        groups.setdefault((account.deployment, account.config), []).append(account)
    for (deployment, config), own in groups.items():
        stages = list(dict.fromkeys(name for account in own for name in account.stages_ms))
        sdk = any(a.sdk_cost_ms is not None for a in own)
        rows = [
            Row(cells=(
                a.load.label, number(a.ttft_ms), *(number(a.stages_ms.get(s)) for s in stages),
                number(a.unexplained_ms), *((number(a.sdk_cost_ms),) if sdk else ()),
            ))
            for a in own
        ]  # fmt: skip
        notes = [SDK_NOTE] if sdk else []
        notes += [
            f"Wrong at {a.load.named}: in {a.impossible} of {a.answers} answers the stages add up to "
            "more than the TTFT, so the server's times are not to be believed"
            + (" and no rest is given." if a.unexplained_ms is None else ".")
            for a in own
            if a.impossible
        ]
        short = ["prep" if stage == "preprocess" else stage for stage in stages]
        yield Table(
            title=f"{deployment}: {config}: where the TTFT goes (medians, ms, queued and running)",
            columns=(head(a.load for a in own), "TTFT", *short, "rest", *(("SDK",) if sdk else ())),
            rows=tuple(rows),
            notes=("rest: each request's TTFT less its stages, the median; unexplained by the app.", *notes),
        )


def _cold(analysis: Analysis) -> Iterator[Block]:
    for workload in analysis.workloads:
        own = [c for c in analysis.cold if c.workload == workload]
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


def blocks(analysis: Analysis) -> list[Block]:
    """The whole report, in order: first what to know, last what it rests on."""
    says = Paragraph(title="What this says", lines=tuple(what_this_says(analysis)))
    parts = (_configurations, level_tables, _comparisons, _knees, _accounts, _cold)
    return [says, *(block for part in parts for block in part(analysis)), verdict(analysis)]
