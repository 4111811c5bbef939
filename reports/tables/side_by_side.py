"""The original's table: two deployments side by side, a row a load."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.figures.compare import BOTTLENECK_RATIO, DeploymentRatio, deployments_of
from reports.figures.load import Load
from reports.figures.load import heads as first_columns
from reports.figures.summary import OperatingPoint
from reports.figures.text import NONE, listed, spread, times, value
from reports.notes.footnotes import answer_notes, ratio_notes
from reports.notes.not_valid import no_valid_cell
from reports.words.offered import AT_A_RATE, is_offered
from workloads.workload import Workload

MARK = f" > {BOTTLENECK_RATIO}"
"""After a ratio that is above it, and not by chance."""
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


def original_table(
    analysis: Analysis, config: str, workload: Workload, second: str, above: Sequence[str] = ()
) -> Table:
    """The original's table for two deployments: throughput, median of the compared metric, ratio of
    throughput. ``above``: the report's first lines."""
    first = deployments_of(analysis.levels)[0]
    levels = [lv for lv in analysis.levels if (lv.config, lv.workload) == (config, workload)]
    by_key = {(lv.deployment, lv.load): lv for lv in levels}
    asked = (config, workload, second)
    own = [r for r in analysis.deployment_ratios if (r.config, r.workload, r.second) == asked]
    levels = [lv for lv in levels if lv.deployment in (first, second)]
    per, metric = workload.throughput.title, workload.compared
    rows, slowed = [], []
    columns = first_columns(ratio.load for ratio in own)
    for ratio in own:
        a, b = _both(by_key, ratio)
        cells = (
            *ratio.load.cells(columns),
            *(_shown(level, of_median=False) for level in (a, b)),
            *(_shown(level, of_median=True) for level in (a, b)),
            f"{spread(ratio.throughput)}{MARK if ratio.second_is_bottleneck else ''}",
        )
        rows.append(Row(cells=cells, invalid=not any(level is not None and level.valid for level in (a, b))))
        if ratio.second_is_bottleneck:
            slowed.append(ratio.load.named)
    notes = list(_notes(own, slowed, workload))
    if any(level is None or not level.valid for ratio in own for level in _both(by_key, ratio)):
        notes += ["'-': not measured, or no valid cell at that level.", *no_valid_cell(levels, above)]
    notes += [*ratio_notes(own), *answer_notes(levels)]
    one, two = heads(first, second)
    unit = ", ".join(filter(None, ("median", metric.unit)))
    named = f"{one} and {two}" if one == label(first) else f"{one} is {first}, {two} is {second}"
    return Table(
        title=f"{config}: {named}",
        columns=(
            *columns,
            f"{one} {per}",
            f"{two} {per}",
            f"{one} {metric.title}",
            f"{two} {metric.title}",
            ratio_header(first, second),
        ),
        rows=tuple(rows),
        notes=(f"{metric.title}: {unit}. Ratio: of {per}, with its 95 % interval.", *notes),
    )


def _notes(own: Sequence[DeploymentRatio], above: Sequence[str], workload: Workload) -> Iterator[str]:
    """What the ratios do not show; ``above``: the loads at which the second has a bottleneck."""
    if not own:
        return
    one, two = heads(own[0].first, own[0].second)
    if any(is_offered(ratio.load) for ratio in own):
        yield AT_A_RATE.format(workload.throughput.title, workload.compared.title)
    if above:
        yield (
            f"Above {BOTTLENECK_RATIO} at {listed(above)}: the second deployment ({two}) "
            "has a bottleneck of its own."
        )
    known = [f"{times(ratio.compared)} at {ratio.load.named}" for ratio in own if ratio.compared is not None]
    if known:
        over = f"{one} over {two}" if workload.compared.higher_is_better else f"{two} over {one}"
        yield f"{workload.median.title}, {over}: {', '.join(known)}."
    if apart := list(dict.fromkeys(name for ratio in own for name in ratio.set_apart)):
        yield f"{one} and {two} are set differently: {listed(apart)}."
    if ways := list(dict.fromkeys(name for ratio in own for name in ratio.reached_apart)):
        yield f"{one} and {two} were reached differently: {listed(ways)}."


def _both(
    by_key: Mapping[tuple[str, Load], OperatingPoint], ratio: DeploymentRatio
) -> list[OperatingPoint | None]:
    return [by_key.get((name, ratio.load)) for name in (ratio.first, ratio.second)]


def _shown(level: OperatingPoint | None, *, of_median: bool) -> str:
    """One deployment's figure; nothing of a level without a valid cell beside one that has some."""
    if level is None or not level.valid:
        return NONE
    return value(level.figures.median if of_median else level.figures.throughput)
