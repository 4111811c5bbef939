"""Findings in words: each in the report's first lines, and on what it rests in a section of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.document.document import Paragraph
from reports.document.sentence import Sentence
from reports.figures.text import listed, number
from reports.findings.acquitted.acquittal import Acquittal
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.notes.said_above import AS_ABOVE
from reports.words.meanings import MEANS, sure

TOLD = 3
"""Findings above the tables."""
UNKNOWN = {"throughput": "what holds it back{} is not known", "nothing": "whether it scales is not known"}
"""What is said where nothing was found, by what it binds; with where most requests wait, if that is known."""
BINDS = {
    "throughput": "It holds throughput down",
    "latency": "It makes answers slow",
    "next": "It binds next, once what does so now is fixed",
    "nothing": "",
}
SUSPECTED = (
    *("llm-upstream-bound", "interpreter-bound", "event-loop-blocked", "connection-pool-exhausted"),
    *("thread-pool-exhausted", "gc-pauses", "generator-limited"),
)
"""What people suspect first: `RULED_OUT` of these have their figures in the report, others their names."""
RULED_OUT = 4
COMPARED = {
    "same-repeat": "",
    "other-repeats": " (of loads that no repeat has both of, so what else changed is not known)",
    "one-load": " (of one load alone, compared with no other)",
}
"""On what it rests that something is not the cause."""
LEAST_GAIN = 1.05
"""Times the answers a second, below which a gain is none to speak of: another resource binds as soon."""
PAGE = "What each finding means, and what to do: docs/diagnosis.md (The codes)."
SPELT = {"cpu": "CPU", "dns": "DNS", "gc": "GC", "llm": "LLM"}


def in_words(found: Sequence[Finding]) -> Iterator[Sentence]:
    """The first of them is above the tables, in full, however little room there is; what is only good to know
    is in its section."""
    told = [finding for finding in found if finding.severity != "info"][:TOLD]
    for i, finding in enumerate(told):
        whole = _whole(finding)
        short = whole if i == 0 else f"{_named(finding)} ({finding.confidence})."
        yield Sentence(text=whole, short=short, kept=i == 0)
    if more := sum(finding.severity != "info" for finding in found) - len(told):
        yield Sentence(text=f"Findings below: {more} more.", short=f"Findings below: {more} more.")


def causes(analysis: Analysis, found: Sequence[Finding]) -> dict[tuple[str, str], str]:
    """Of services without a valid cell, what was found and made their cells invalid: a finder takes an
    invalid cell only where what it finds is why it is one."""
    named: dict[tuple[str, str], list[str]] = {}
    for finding in found:
        about = (finding.about.deployment, finding.about.config)
        if about in analysis.without_valid_cell and finding.binds != "nothing" and finding.code != "unknown":
            named.setdefault(about, []).append(_words(finding.code))
    return {about: listed(names) for about, names in named.items()}


def section(
    found: Sequence[Finding], free: Sequence[Acquittal], above: Sequence[str] = ()
) -> Iterator[Paragraph]:
    """All of them, with their evidence; and of services of which something was found, what it is not.
    ``above``: the report's first lines, of which nothing is said again."""
    if found:
        lines = [line for finding in found for line in _with_evidence(finding, above)]
        yield Paragraph(
            title="What was found, and what it rests on", lines=(*lines, *_ruled_out(found, free), PAGE)
        )


def _with_evidence(finding: Finding, above: Sequence[str]) -> Iterator[str]:
    is_above = _whole(finding) in above
    yield f"{_named(finding)}, {AS_ABOVE}." if is_above else f"{_said(finding)}."
    if evidence := finding.evidence[len(_in_its_sentence(finding)) :]:
        yield f"  Evidence: {_figures(evidence)}."
    if not is_above:
        yield f"  {_to_do(finding)}."


def _in_its_sentence(finding: Finding) -> Sequence[Evidence]:
    """Of what is not known, how many requests wait, of how many."""
    return finding.evidence[:2] if finding.code == "unknown" and finding.effect else ()


def _ruled_out(found: Sequence[Finding], free: Sequence[Acquittal]) -> Iterator[str]:
    """Of a service that something holds back, what people suspect first with its figures; of one of which too
    little is known the names alone."""
    costs = {finding.about for finding in found if finding.binds != "nothing"}
    for place in dict.fromkeys(finding.about for finding in found):
        own = {one.code: one for one in free if one.about == place}
        if place not in costs and not any(one.about == place and one.code == "unknown" for one in found):
            continue  # it has no cause to look for
        first = [own[code] for code in SUSPECTED if code in own][: RULED_OUT if place in costs else 0]
        others = [_words(code) for code in own if own[code] not in first]
        by = "".join({COMPARED[one.comparison] for one in own.values()})
        if first:
            yield f"Not the cause, {place}{by}:"
            yield from (f"  {_words(one.code)} ({_figures(one.evidence)})." for one in first)
        if others:
            nor = "  Nor" if first else f"Ruled out, {place}{by}"
            yield f"{nor}: {listed(others)} (figures: report --json)."


def _figures(evidence: Sequence[Evidence]) -> str:
    return "; ".join(f"{one.figure}: {_value(one.value, one.unit)}{_spread(one)}" for one in evidence)


def _words(code: str) -> str:
    return " ".join(SPELT.get(word, word) for word in code.split("-"))


def _named(finding: Finding) -> str:
    if (unknown := UNKNOWN.get(finding.binds)) and finding.code == "unknown":
        return f"{finding.about}: {unknown.format(f' at {finding.where}' if finding.where else '')}"
    at = f" at {finding.where}" if finding.where else ""
    return f"{finding.about}: {_words(finding.code)}{at}"


def _said(finding: Finding) -> str:
    if finding.code == "unknown":
        waits = [_value(one.value, "") for one in _in_its_sentence(finding)]
        counted = f": {' of '.join(waits)} requests wait because of the load" if waits else ""
        return f"{_named(finding)}{counted}"
    means = f": {MEANS[finding.code]}" if finding.code in MEANS else ""
    effect = "" if finding.effect is None else _effect(finding.effect)
    if finding.effect and finding.binds != "throughput" and not finding.effect.unit:
        effect = effect if finding.effect.mended is not None else ""  # answers a second: not what this costs
    costs = ": ".join(filter(None, (BINDS[finding.binds], effect)))
    said = (f"{_named(finding)}{means}", costs, f"How sure: {sure(finding.code, finding.confidence)}")
    return ". ".join(filter(None, said))


def _whole(finding: Finding) -> str:
    return f"{_said(finding)}. {_to_do(finding)}."


def _to_do(finding: Finding) -> str:
    return f"What to do: {finding.advice[:1].lower()}{finding.advice[1:]}"


def _effect(effect: Effect) -> str:
    """A figure without a unit is one: 7.1 answers a second, but TTFT p50 90 ms."""
    now = f"{effect.figure} {_value(effect.now, effect.unit)}"
    if not effect.unit:
        now = f"{number(effect.now)} {effect.figure}"
    if effect.mended is None or (0 < effect.mended < LEAST_GAIN * effect.now and not effect.unit):
        return f"{now} now"
    mended = _value(effect.mended, effect.unit) if effect.unit else number(effect.mended)
    least = " or more" if effect.low is not None and effect.high is None else ""
    return f"{now} now, {mended}{_spread(effect)}{least} once it is fixed"


def _spread(of: Effect | Evidence) -> str:
    return "" if of.low is None or of.high is None else f" ({number(of.low)}-{number(of.high)})"


def _value(value: float, unit: str) -> str:
    shown = f"{value:.0f}" if float(value).is_integer() else number(value)
    return f"{shown} {unit}".rstrip()
