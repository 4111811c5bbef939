"""The report's sections in their order: each from the analysis to tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.account import Account
from reports.analysis import Analysis
from reports.compare import Comparison, configs_of, deployments_of
from reports.document import NONE, Block, Paragraph, Row, Table, number, spread, times, value
from reports.growth import knee_sentence
from reports.headline import what_this_says
from reports.load import heads
from reports.notes import failure_note, late_notes, ratio_notes
from reports.regions import region_tables
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
ITL = ("ITL p50", "ITL p99")


def _level_row(level: Level, columns: Sequence[str]) -> Row:
    f = level.figures
    show = spread if level.valid else value
    spreads = (show(f.rps), show(f.ttft_p50), show(f.ttft_p95))
    values = (value(f.itl_p50), value(f.itl_p99), value(f.e2e_p50))
    return Row(
        cells=(*level.load.cells(columns), *spreads, *values, str(f.failures)),
        struck=not level.valid,
    )


def _single_table(levels: list[Level]) -> Table:
    """One deployment's one configuration."""
    notes = [
        note for level in levels if level.valid for note in failure_note(level.figures, level.load.named)
    ]
    notes += late_notes(levels)
    if any(not level.valid for level in levels):
        notes.append("Struck out: no valid cell at that level; see the verdict.")
    first = heads(level.load for level in levels)
    return Table(
        title=f"{levels[0].deployment}: {levels[0].config}",
        columns=(
            *first,
            "RPS (95 %)",
            "TTFT p50 ms",
            "TTFT p95 ms",
            *ITL,
            "E2E p50",
            "Fail",
        ),
        rows=tuple(_level_row(level, first) for level in levels),
        notes=tuple(notes),
        optional=("E2E p50", *ITL),
        keys=len(first),
    )


def _configurations(analysis: Analysis) -> Iterator[Block]:
    deployments = deployments_of(analysis.levels)
    for config in configs_of(analysis.levels):
        both = {level.deployment for level in analysis.levels if level.config == config}
        if len(deployments) == 2 and len(both) == 2:
            yield original_table(analysis, config)
            continue
        for deployment in deployments:
            own = [lv for lv in analysis.levels if (lv.deployment, lv.config) == (deployment, config)]
            if own:
                yield _single_table(own)


def _comparisons(analysis: Analysis) -> Iterator[Block]:
    for deployment in deployments_of(analysis.levels):
        own = [c for c in analysis.comparisons if c.deployment == deployment]
        for reference in dict.fromkeys(c.reference for c in own):
            yield _comparison_table([c for c in own if c.reference == reference])


def _comparison_table(own: Sequence[Comparison]) -> Table:
    """Of one deployment, with one reference."""
    rows, first = [], heads(c.load for c in own)
    for c in sorted(own, key=lambda c: c.load):
        ratios = (("RPS", c.rps), ("TTFT", c.ttft))
        difference = [name for name, ratio in ratios if ratio is not None and ratio.excludes_one]
        says = ", ".join(difference) if difference else "no difference shown"
        if c.rps is None and c.ttft is None:
            says = NONE
        rows.append(Row(cells=(*c.load.cells(first), c.config, times(c.rps), times(c.ttft), says)))
    return Table(
        title=f"{own[0].deployment}: times faster than {own[0].reference}",
        columns=(*first, "Configuration", "RPS", "TTFT p50", "Differs in"),
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
        own = [level for level in analysis.levels if knee.has(level)]
        lines.append(f"{knee.deployment}/{knee.name}: {knee_sentence(knee, own)}.")
    if lines:
        yield Paragraph(title="Where throughput stops growing", lines=tuple(lines))


def _accounts(analysis: Analysis) -> Iterator[Block]:
    groups: dict[tuple[str, str], list[Account]] = {}
    for account in analysis.accounts:
        groups.setdefault((account.deployment, account.config), []).append(account)
    for (deployment, config), own in groups.items():
        stages = list(dict.fromkeys(name for account in own for name in account.stages_ms))
        sdk = any(a.sdk_cost_ms is not None for a in own)
        first = heads(a.load for a in own)
        rows = [
            Row(cells=(
                *a.load.cells(first), number(a.ttft_ms), *(number(a.stages_ms.get(s)) for s in stages),
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
            columns=(*first, "TTFT", *short, "rest", *(("SDK",) if sdk else ())),
            rows=tuple(rows),
            notes=("rest: each request's TTFT less its stages, the median; unexplained by the app.", *notes),
        )


def _cold(analysis: Analysis) -> Iterator[Block]:
    rows = [
        Row(
            cells=(
                f"{c.deployment}: {c.config}",
                str(c.requests),
                number(c.ttft_p50_ms),
                number(c.ttft_max_ms),
            )
        )
        for c in analysis.cold
    ]
    if rows:
        yield Table(
            title="First requests (cold: in no figure above)",
            columns=("Configuration", "Loads", "TTFT p50 ms", "TTFT max ms"),
            rows=tuple(rows),
            notes=("The very first request of each load, before its warm-up.",),
        )


def _regions(analysis: Analysis) -> Iterator[Block]:
    yield from region_tables(analysis.regions)


def blocks(analysis: Analysis) -> list[Block]:
    """The whole report, in order: first what to know, last what it rests on."""
    says = Paragraph(title="What this says", lines=tuple(what_this_says(analysis)))
    parts = (_configurations, level_tables, _regions, _comparisons, _knees, _accounts, _cold)
    return [says, *(block for part in parts for block in part(analysis)), verdict(analysis)]
