"""Fixes that were tried, in sentences: what was predicted of each, and what came."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.document.sentence import Sentence
from reports.figures.fixes import FixResult
from reports.figures.text import times

SAID = {
    "within": "as predicted",
    "too high": "less than predicted",
    "too low": "more than predicted",
}


def fix_sentences(analysis: Analysis) -> Iterator[Sentence]:
    """The answer that was asked for: the first of them is said however little room there is."""
    for i, one in enumerate(analysis.fixes):
        text = _sentence(one)
        yield Sentence(text=text, short=text, kept=i == 0)


def _sentence(one: FixResult) -> str:
    c, name = one.comparison, f"{settings_of(one)} ({one.tried.variant})"
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
    changed = "; the service's code changed since the finding" if one.code_changed else ""
    return f"{found}; {_held(one)}{changed}."


def _held(one: FixResult) -> str:
    if one.predicted is None:
        return "what it would gain was not predictable"
    said = f"predicted {times(one.predicted)}" + ("" if one.tried.of_rate else f" {one.tried.figure}")
    return said if one.prediction is None else f"{said}, {SAID[one.prediction]}"


def settings_of(one: FixResult) -> str:
    return ", ".join(f"{name}={value}" for name, value in one.tried.settings.items())
