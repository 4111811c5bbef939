"""The report's sections in their order: each from the analysis to tables and sentences."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.account import Account
from reports.analysis import Analysis
from reports.compare import BOTTLENECK_RATIO, Comparison, DeploymentRatio, Knee, configs_of, deployments_of
from reports.document import NONE, Block, Paragraph, Row, Table, listed, number, spread, times, users, value
from reports.findings import what_this_says
from reports.load import head
from reports.shaped_tables import level_tables
from reports.summary import Level
from reports.verdict import verdict

SDK_NOTE = (
    "SDK: the app's LLM stage less the LLM server's own record of it (medians): what the LLM's client costs, "
    "a part of llm."
)
ITL = ("ITL p50", "ITL p99")
LONGEST_LABEL = 12
"""Of a column's head; with longer ones a table of two deployments is wider than 120 columns."""


def label(deployment: str) -> str:
    """``k8s`` as ``K8s``: the original's title case."""
    return deployment[:1].upper() + deployment[1:]


def heads(first: str, second: str) -> tuple[str, str]:
    """What two deployments are called in a table's head: their labels, or A and B where those are long or
    begin with a digit, as addresses do."""
    labels = label(first), label(second)
    fit = all(len(name) <= LONGEST_LABEL and name[:1].isalpha() for name in labels)
    return labels if fit else ("A", "B")


def ratio_header(first: str, second: str) -> str:
    """``Ratio (L/K)``; whole heads where their first letters are the same."""
    a, b = heads(first, second)
    return f"Ratio ({a[:1]}/{b[:1]})" if a[:1] != b[:1] else f"Ratio ({a}/{b})"


def _original_table(analysis: Analysis, config: str) -> Table:
    """The original's table for two deployments: RPS, median TTFT in ms, ratio of RPS."""
    first, second = deployments_of(analysis.levels)
    by_key = {(lv.deployment, lv.load): lv for lv in analysis.levels if lv.config == config}
    own = [r for r in analysis.deployment_ratios if r.config == config]
    rows, notes, above = [], [], []
    for ratio in own:
        a, b = by_key.get((first, ratio.load)), by_key.get((second, ratio.load))
        cells = (
            ratio.load.label,
            _shown(a, "rps"),
            _shown(b, "rps"),
            _shown(a, "ttft"),
            _shown(b, "ttft"),
            spread(ratio.rps),
        )
        rows.append(Row(cells=cells, struck=not any(level is not None and level.valid for level in (a, b))))
        if ratio.second_is_bottleneck:
            above.append(ratio.load.named)
    if above:
        notes.append(
            f"Above {BOTTLENECK_RATIO} at {listed(above)}: the second deployment ({heads(first, second)[1]}) "
            "has a bottleneck of its own."
        )
    notes += _of_two_loads(own)
    one, two = heads(first, second)
    named = f"{one} and {two}" if one == label(first) else f"{one} is {first}, {two} is {second}"
    return Table(
        title=f"{config}: {named}",
        columns=(
            head(ratio.load for ratio in own),
            f"{one} RPS",
            f"{two} RPS",
            f"{one} TTFT",
            f"{two} TTFT",
            ratio_header(first, second),
        ),
        rows=tuple(rows),
        notes=("TTFT: median, ms. Ratio: of RPS, with its 95 % interval.", *notes),
    )


def _of_two_loads(ratios: Sequence[Comparison | DeploymentRatio]) -> list[str]:
    """A note where what is compared was not asked alike."""
    wrong = [ratio for ratio in ratios if ratio.asked_differently]
    if not wrong:
        return []
    levels = [load.named for load in sorted({ratio.load for ratio in wrong})]
    keys = list(dict.fromkeys(key for ratio in wrong for key in ratio.asked_differently))
    return [f"Asked differently at {listed(levels)} ({listed(keys)}): such a ratio is of two loads."]


def _shown(level: Level | None, figure: str) -> str:
    """One deployment's figure; nothing of a level without a valid cell beside one that has some."""
    if level is None or not level.valid:
        return NONE
    return value(level.figures.rps if figure == "rps" else level.figures.ttft_p50)


def _level_row(level: Level) -> Row:
    f = level.figures
    show = spread if level.valid else value
    spreads = (show(f.rps), show(f.ttft_p50), show(f.ttft_p95))
    values = (value(f.itl_p50), value(f.itl_p99), value(f.e2e_p50))
    return Row(
        cells=(level.load.label, *spreads, *values, str(f.failures)),
        struck=not level.valid,
    )


def _single_table(levels: list[Level]) -> Table:
    """One deployment's one configuration."""
    failed = [level for level in levels if level.valid and level.figures.failures]
    notes = [
        f"With failures as never answered, TTFT p95 at {lv.load.named} is "
        f"{number(lv.figures.ttft_p95_with_failures)} ms."
        for lv in failed
        if lv.figures.ttft_p95_with_failures is not None
    ]
    if any(not level.valid for level in levels):
        notes.append("Struck out: no valid cell at that level; see the verdict.")
    return Table(
        title=f"{levels[0].deployment}: {levels[0].config}",
        columns=(
            head(level.load for level in levels),
            "RPS (95 %)",
            "TTFT p50 ms",
            "TTFT p95 ms",
            *ITL,
            "E2E p50",
            "Fail",
        ),
        rows=tuple(_level_row(level) for level in levels),
        notes=tuple(notes),
        optional=("E2E p50", *ITL),
    )


def _configurations(analysis: Analysis) -> Iterator[Block]:
    deployments = deployments_of(analysis.levels)
    for config in configs_of(analysis.levels):
        both = {level.deployment for level in analysis.levels if level.config == config}
        if len(deployments) == 2 and len(both) == 2:
            yield _original_table(analysis, config)
            continue
        for deployment in deployments:
            own = [lv for lv in analysis.levels if (lv.deployment, lv.config) == (deployment, config)]
            if own:
                yield _single_table(own)


def _comparisons(analysis: Analysis) -> Iterator[Block]:
    for deployment in deployments_of(analysis.levels):
        own = [c for c in analysis.comparisons if c.deployment == deployment]
        if not own:
            continue
        rows = []
        for c in sorted(own, key=lambda c: c.load):
            difference = [
                name
                for name, ratio in (("RPS", c.rps), ("TTFT", c.ttft))
                if ratio is not None and ratio.excludes_one
            ]
            says = ", ".join(difference) if difference else "no difference shown"
            if c.rps is None and c.ttft is None:
                says = NONE
            rows.append(Row(cells=(c.load.label, c.config, times(c.rps), times(c.ttft), says)))
        yield Table(
            title=f"{deployment}: times faster than {own[0].reference}",
            columns=(head(c.load for c in own), "Configuration", "RPS", "TTFT p50", "Differs in"),
            rows=tuple(rows),
            notes=(
                "Above 1 is faster. 'Differs in': whose 95 % interval excludes 1.",
                *_of_two_loads(own),
            ),
        )


def knee_sentence(knee: Knee) -> str:
    """Where one configuration stops growing, in words."""
    rps = spread(knee.rps)
    if knee.asked_differently:
        return f"its levels were asked differently ({listed(knee.asked_differently)}): no knee is drawn"
    if knee.other_loads:
        return f"its load was {listed(knee.other_loads)}, no number of users: no knee is drawn"
    if knee.struck:
        return (
            f"{', '.join(map(str, knee.struck))} users were measured and are not valid: no knee is drawn; "
            f"{users(knee.top)}, the highest valid level, had {rps} RPS"
        )
    if knee.concurrency is not None:
        sure = ""
        if knee.low is not None and (knee.low, knee.high) != (knee.concurrency, knee.concurrency):
            sure = f"; 95 % of resamplings put it at {knee.low}-{knee.high}"
        if knee.reached_share < 0.95:
            sure += f"; {1 - knee.reached_share:.0%} of resamplings see it still growing"
        return f"stops growing at {users(knee.concurrency)}, {rps} RPS{sure}"
    if knee.levels == 1:
        return f"one level only ({users(knee.top)}, {rps} RPS): says nothing about growth"
    why = "; the budget ended the sweep first" if knee.budget_ended else ""
    return f"knee not reached: throughput still grew at {users(knee.top)} ({rps} RPS){why}"


def _knees(analysis: Analysis) -> Iterator[Block]:
    lines = tuple(f"{k.deployment}/{k.config}: {knee_sentence(k)}." for k in analysis.knees)
    if lines:
        yield Paragraph(title="Where throughput stops growing", lines=lines)


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


def blocks(analysis: Analysis) -> list[Block]:
    """The whole report, in order."""
    says = Paragraph(title="What this says", lines=tuple(what_this_says(analysis)))
    parts = (_configurations, level_tables, _comparisons, _knees, _accounts, _cold)
    return [*(block for part in parts for block in part(analysis)), verdict(analysis), says]
