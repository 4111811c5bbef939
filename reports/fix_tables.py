"""Fixes that were tried, in words: predicted beside measured, in a table, in sentences and as JSON."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

from reports.analysis.analysis import Analysis
from reports.document import Row, Table
from reports.figures.fixes import FixResult
from reports.figures.stats import Estimate
from reports.figures.text import NONE, times
from reports.footnotes import ratio_notes
from reports.sentence import Sentence

UNPREDICTED = "not predictable"
SAID = {
    "within": "as predicted",
    "too high": "less than predicted",
    "too low": "more than predicted",
}
NOTES = (
    "Above 1 is faster than the original, which was measured anew beside the fixes. Predicted: "
    "by the finding, of its figure.",
    "A prediction is of the finding mended whole; where less came, something else binds next, or the setting "
    "mends only a part.",
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
    rate, median = "RPS", "TTFT p50"
    if compared:
        rate, median = compared[0].workload.throughput.title, compared[0].workload.median.title
    return Table(
        title=f"{deployment}fixes that were tried, times faster than {own[0].tried.of}{load}",
        columns=("Fix", "Predicted", rate, median, "Prediction", "Settings"),
        rows=tuple(_row(one) for one in own),
        notes=(*NOTES, *ratio_notes(compared)),
        optional=("Settings",),
    )


def _row(one: FixResult) -> Row:
    c = one.comparison
    gained = (times(c.throughput), times(c.compared)) if c else (NONE, NONE)
    return Row(cells=(one.tried.variant, _predicted(one), *gained, one.prediction or NONE, _settings(one)))


def _settings(one: FixResult) -> str:
    return ", ".join(f"{name}={value}" for name, value in one.tried.settings.items())


def _predicted(one: FixResult) -> str:
    if one.predicted is None:
        return UNPREDICTED
    return times(one.predicted) if one.tried.of_rate else f"{times(one.predicted)} {one.tried.figure}"


def fix_sentences(analysis: Analysis) -> Iterator[Sentence]:
    """The answer that was asked for: the first of them is said however little room there is."""
    for i, one in enumerate(analysis.fixes):
        text = _sentence(one)
        yield Sentence(text=text, short=text, kept=i == 0)


def _sentence(one: FixResult) -> str:
    c, name = one.comparison, f"{_settings(one)} ({one.tried.variant})"
    if c is None or c.throughput is None:
        return f"{name} could not be compared with {one.tried.of}: one of the two has no valid cell."
    per, metric = c.workload.throughput.title, c.workload.median.title
    at = f"{c.deployment} at {c.load.named}: {name}"
    if c.throughput.excludes_one:
        found = f"{at} gives {times(c.throughput)} the {per} of {one.tried.of}"
    else:
        found = f"{at} shows no difference in {per} to {one.tried.of}, {times(c.throughput)}"
    if c.compared is not None and c.compared.excludes_one:
        found += f", {metric} {times(c.compared)} better"
    return f"{found}; {_held(one)}."


def _held(one: FixResult) -> str:
    if one.predicted is None:
        return "what it would gain was not predictable"
    said = f"predicted {times(one.predicted)}" + ("" if one.tried.of_rate else f" {one.tried.figure}")
    return said if one.prediction is None else f"{said}, {SAID[one.prediction]}"


def fix_json(one: FixResult) -> dict[str, Any]:
    c, tried = one.comparison, one.tried
    raw: dict[str, Any] = {
        "code": tried.code,
        "where": tried.where,
        "deployment": c.deployment if c else None,
        "config": c.config if c else tried.variant,
        "reference": c.reference if c else tried.of,
        "settings": tried.settings,
        "predicted": _estimate(one.predicted),
        "predicted_of": tried.figure or None,
        "prediction": one.prediction,
    }
    if c is None:
        return raw | {"load": None, "rps": None, "ttft": None}
    names = (c.workload.throughput.name, c.workload.compared.name)
    gained = zip(names, (_estimate(c.throughput), _estimate(c.compared)), strict=True)
    return {**raw, **c.load.to_json(), "workload": c.workload.name, **dict(gained)}


def _estimate(estimate: Estimate | None) -> dict[str, Any] | None:
    return None if estimate is None else asdict(estimate)
