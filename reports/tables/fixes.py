"""Fixes that were tried, in a table: predicted beside measured."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.figures.fixes import FixResult
from reports.figures.text import NONE, times
from reports.notes.footnotes import ratio_notes
from reports.words.fixes import settings_of

UNPREDICTED = "not predictable"
NOTES = (
    "Above 1 is faster than the original, which was measured anew beside the fixes. Predicted: "
    "by the finding, of its figure.",
    "A prediction assumes that the finding is fixed completely; where less came, something else binds next, "
    "or the setting fixes only a part.",
)


CODE_CHANGED = (
    "The service's code changed since the finding: the prediction is of the older code, the gain of the "
    "newer one, both sides of which were measured here."
)


def fix_tables(analysis: Analysis) -> Iterator[Table]:
    groups: dict[tuple[str, str, str], list[FixResult]] = {}
    for result in analysis.fixes:
        c = result.comparison
        key = (c.deployment, c.load.named, c.workload.name) if c else ("", "", "")
        groups.setdefault((f"{key[0]}: " if c else "", f" at {key[1]}" if c else "", key[2]), []).append(
            result
        )
    for (deployment, load, _), own in groups.items():
        yield _table(deployment, load, own)


def _table(deployment: str, load: str, own: Sequence[FixResult]) -> Table:
    compared = [one.comparison for one in own if one.comparison]
    changed = [CODE_CHANGED] if any(one.code_changed for one in own) else []
    rate, median = "RPS", "TTFT p50"
    if compared:
        rate, median = compared[0].workload.throughput.title, compared[0].workload.median.title
    return Table(
        title=f"{deployment}fixes that were tried, times faster than {own[0].tried.of}{load}",
        columns=("Fix", "Predicted", rate, median, "Prediction", "Settings"),
        rows=tuple(_row(one) for one in own),
        notes=(*NOTES, *changed, *ratio_notes(compared)),
        optional=("Settings",),
    )


def _row(one: FixResult) -> Row:
    c = one.comparison
    gained = (times(c.throughput), times(c.compared)) if c else (NONE, NONE)
    return Row(cells=(one.tried.variant, _predicted(one), *gained, one.prediction or NONE, settings_of(one)))


def _predicted(one: FixResult) -> str:
    if one.predicted is None:
        return UNPREDICTED
    return times(one.predicted) if one.tried.of_rate else f"{times(one.predicted)} {one.tried.figure}"
