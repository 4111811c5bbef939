"""The original's table: two deployments side by side, a row a load."""

from __future__ import annotations

from reports.analysis import Analysis
from reports.compare import BOTTLENECK_RATIO, deployments_of
from reports.document import NONE, Row, Table, listed, spread, times, value
from reports.load import heads as first_columns
from reports.notes import late_notes, ratio_notes
from reports.summary import Level

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


def original_table(analysis: Analysis, config: str) -> Table:
    """The original's table for two deployments: RPS, median TTFT in ms, ratio of RPS."""
    first, second = deployments_of(analysis.levels)
    by_key = {(lv.deployment, lv.load): lv for lv in analysis.levels if lv.config == config}
    own = [r for r in analysis.deployment_ratios if r.config == config]
    rows, notes, above = [], [], []
    columns = first_columns(ratio.load for ratio in own)
    for ratio in own:
        a, b = by_key.get((first, ratio.load)), by_key.get((second, ratio.load))
        cells = (
            *ratio.load.cells(columns),
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
    one, two = heads(first, second)
    known = [f"{times(ratio.ttft)} at {ratio.load.named}" for ratio in own if ratio.ttft is not None]
    if known:
        notes.append(f"TTFT p50, {two} over {one}: {', '.join(known)}.")
    apart = list(dict.fromkeys(name for ratio in own for name in ratio.set_apart))
    if apart:
        notes.append(f"{one} and {two} are set differently: {listed(apart)}.")
    notes += [*ratio_notes(own), *late_notes(lv for lv in analysis.levels if lv.config == config)]
    named = f"{one} and {two}" if one == label(first) else f"{one} is {first}, {two} is {second}"
    return Table(
        title=f"{config}: {named}",
        columns=(
            *columns,
            f"{one} RPS",
            f"{two} RPS",
            f"{one} TTFT",
            f"{two} TTFT",
            ratio_header(first, second),
        ),
        rows=tuple(rows),
        notes=("TTFT: median, ms. Ratio: of RPS, with its 95 % interval.", *notes),
    )


def _shown(level: Level | None, figure: str) -> str:
    """One deployment's figure; nothing of a level without a valid cell beside one that has some."""
    if level is None or not level.valid:
        return NONE
    return value(level.figures.rps if figure == "rps" else level.figures.ttft_p50)
