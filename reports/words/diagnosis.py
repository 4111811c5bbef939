"""Findings in words: each in the report's first lines, and on what it rests in a section of its own."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from reports.analysis.subject import Subject
from reports.document.document import Paragraph
from reports.document.sentence import Sentence
from reports.figures.text import listed, number
from reports.findings.acquitted.acquittal import Acquittal
from reports.findings.common.finding import Effect, Evidence, Finding
from reports.words.meanings import MEANS, SURE

TOLD = 3
"""Findings above the tables."""
UNKNOWN = {"throughput": "what holds it back{} is not known", "nothing": "whether it scales is not known"}
"""What is said where nothing was found, by what it binds; with where most requests wait, if that is known."""
BINDS = {
    "throughput": "It holds throughput down",
    "latency": "It makes answers slow",
    "next": "It binds next",
    "nothing": "",
}
SPELT = {"cpu": "CPU", "dns": "DNS", "gc": "GC", "llm": "LLM"}


def in_words(found: Sequence[Finding]) -> Iterator[Sentence]:
    """The first of them is above the tables, in full, however little room there is; what is only good to know
    is in its section."""
    told = [finding for finding in found if finding.severity != "info"][:TOLD]
    for i, finding in enumerate(told):
        whole = f"{_said(finding)}. {_to_do(finding)}."
        short = whole if i == 0 else f"{_named(finding)} ({finding.confidence})."
        yield Sentence(text=whole, short=short, kept=i == 0)
    if more := sum(finding.severity != "info" for finding in found) - len(told):
        yield Sentence(text=f"Findings below: {more} more.", short=f"Findings below: {more} more.")


def section(found: Sequence[Finding], free: Sequence[Acquittal]) -> Iterator[Paragraph]:
    """All of them, with their evidence; and of services of which something was found, what it is not."""
    if found:
        lines = (*map(_rests_on, found), *_not_so(free, {finding.about for finding in found}))
        yield Paragraph(title="What was found, and what it rests on", lines=lines)


def _rests_on(finding: Finding) -> str:
    evidence = finding.evidence[len(_in_its_sentence(finding)) :]
    figures = f"It rests on these figures: {_figures(evidence)}" if evidence else ""
    return ". ".join(filter(None, (_said(finding), figures, _to_do(finding)))) + "."


def _in_its_sentence(finding: Finding) -> Sequence[Evidence]:
    """Of what is not known, how many requests wait, of how many."""
    return finding.evidence[:2] if finding.code == "unknown" and finding.effect else ()


def _not_so(free: Sequence[Acquittal], places: Collection[Subject]) -> Iterator[str]:
    for place in dict.fromkeys(one.about for one in free if one.about in places):
        own = [f"{_words(one.code)} ({_figures(one.evidence)})" for one in free if one.about == place]
        yield f"Not the cause, {place}: {listed(own)}."


def _figures(evidence: Sequence[Evidence]) -> str:
    return listed([_figure(one.figure, one.value, one.unit) + _spread(one) for one in evidence])


def _words(code: str) -> str:
    return " ".join(SPELT.get(word, word) for word in code.split("-"))


def _named(finding: Finding) -> str:
    if (unknown := UNKNOWN.get(finding.binds)) and finding.code == "unknown":
        return f"{finding.about}: {unknown.format(f' at {finding.where}' if finding.where else '')}"
    at = f" at {finding.where}" if finding.where else ""
    return f"{finding.about}: {_words(finding.code)}{at}"


def _said(finding: Finding) -> str:
    if finding.code == "unknown":
        waits = [number(one.value) for one in _in_its_sentence(finding)]
        counted = f": {' of '.join(waits)} requests wait because of the load" if waits else ""
        return f"{_named(finding)}{counted}"
    means = f": {MEANS[finding.code]}" if finding.code in MEANS else ""
    effect = "" if finding.effect is None else _effect(finding.effect)
    costs = ": ".join(filter(None, (BINDS[finding.binds], effect)))
    said = (f"{_named(finding)}{means}", costs, f"How sure: {SURE[finding.confidence]}")
    return ". ".join(filter(None, said))


def _to_do(finding: Finding) -> str:
    return f"What to do: {finding.advice[:1].lower()}{finding.advice[1:]}"


def _effect(effect: Effect) -> str:
    """A figure without a unit is one: 7.1 answers a second, but TTFT p50 90 ms."""
    now = _figure(effect.figure, effect.now, effect.unit)
    if not effect.unit:
        now = f"{number(effect.now)} {effect.figure}"
    if effect.mended is None:
        return f"{now} now"
    mended = f"{number(effect.mended)} {effect.unit}".rstrip()
    return f"{now} now, {mended}{_spread(effect)} once it is mended"


def _spread(of: Effect | Evidence) -> str:
    return "" if of.low is None or of.high is None else f" ({number(of.low)}-{number(of.high)})"


def _figure(name: str, value: float, unit: str) -> str:
    shown = str(value) if isinstance(value, int) else number(value)
    return f"{name} {shown} {unit}".rstrip()
