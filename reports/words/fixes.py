"""Fixes that were tried, in sentences: what was predicted of each, and what came."""

from __future__ import annotations

from collections.abc import Iterator

from reports.analysis.analysis import Analysis
from reports.analysis.of_processes import STAY, Uneven
from reports.analysis.subject import Subject
from reports.document.sentence import Sentence
from reports.figures.compare import Comparison
from reports.figures.fixes import FixResult
from reports.figures.text import better, times
from reports.words import offered

SAID = {
    "within": "as predicted",
    "too high": "less than predicted",
    "too low": "more than predicted",
}
CODE_CHANGED = "the service's code changed since the finding"


def fix_sentences(analysis: Analysis) -> Iterator[Sentence]:
    """The answer that was asked for: each fix by its setting, however little room there is."""
    if analysis.fixes:
        each = [_sentence(analysis, one) for one in analysis.fixes]
        briefs = [f"{_brief(analysis, one)}." for one in analysis.fixes]
        yield Sentence(
            text=" ".join(each), short=" ".join([each[0], *briefs[1:]]), least=_least(analysis), kept=True
        )


def _least(analysis: Analysis) -> str:
    c = next((one.comparison for one in analysis.fixes if one.comparison), None)
    per = "" if c is None or offered.is_offered(c.load) else f"{c.workload.throughput.title} "
    of = f"{c.deployment} at {c.load.named}, {per}against {c.reference}: " if c else ""
    changed = [CODE_CHANGED] if any(one.code_changed for one in analysis.fixes) else []
    return f"{of}{'; '.join([*(_brief(analysis, one) for one in analysis.fixes), *changed])}."


def _brief(analysis: Analysis, one: FixResult) -> str:
    c = one.comparison
    if c is None or c.throughput is None:
        return f"{settings_of(one)} could not be compared: it or {one.tried.of} has no valid cell"
    if offered.is_offered(c.load) and c.compared is not None:
        return f"{settings_of(one)} {c.workload.median.title} {better(c.compared)}"
    said = [] if c.throughput.excludes_one else ["no difference shown"]
    said += [SAID[one.prediction]] if one.prediction else []
    said += [note.text for note in _uneven(analysis, c)]
    return ", ".join([f"{settings_of(one)} {times(c.throughput)}", *said])


def _sentence(analysis: Analysis, one: FixResult) -> str:
    c, name = one.comparison, f"{settings_of(one)} ({one.tried.variant})"
    if c is None or c.throughput is None:
        return f"{name} could not be compared: it or {one.tried.of} has no valid cell."
    per, metric = c.workload.throughput.title, c.workload.median.title
    at = f"{c.deployment} at {c.load.named}: {name}"
    if offered.is_offered(c.load):
        found = f"{at} {offered.gained(c)}; {offered.served_by(analysis, [c])}"
    elif c.throughput.excludes_one:
        found = f"{at} gives {times(c.throughput)} the {per} of {one.tried.of}"
    else:
        found = f"{at} shows no difference in {per} to {one.tried.of}, {times(c.throughput)}"
    if not offered.is_offered(c.load) and c.compared is not None and c.compared.excludes_one:
        found += f", {metric} {better(c.compared)}"
    spread = [f"but {note.text} ({STAY}): it may be worth more" for note in _uneven(analysis, c)]
    changed = [CODE_CHANGED] if one.code_changed else []
    return f"{'; '.join([found, _held(one), *changed, *spread])}."


def _uneven(analysis: Analysis, c: Comparison) -> list[Uneven]:
    """What was measured of several processes of which one had most of the requests is not what they give."""
    row = Subject(deployment=c.deployment, config=c.config, load=c.load)
    return [note for note in analysis.noted(Uneven) if note.at == row]


def _held(one: FixResult) -> str:
    if one.predicted is None:
        return "what it would gain was not predictable"
    said = f"predicted {times(one.predicted)}" + ("" if one.tried.of_rate else f" {one.tried.figure}")
    return said if one.prediction is None else f"{said}, {SAID[one.prediction]}"


def settings_of(one: FixResult) -> str:
    return ", ".join(f"{name}={value}" for name, value in one.tried.settings.items())
