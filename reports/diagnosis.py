"""Findings in words: each in the report's first lines, and on what it rests in a section of its own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.document import Paragraph
from reports.figures.text import listed, number
from reports.findings.finding import Effect, Finding
from reports.sentence import Sentence

TOLD = 3
"""Findings above the tables."""
BINDS = {"throughput": "holds throughput down", "latency": "costs latency", "nothing": ""}


def in_words(found: Sequence[Finding]) -> Iterator[Sentence]:
    """The first of them is above the tables, in full, however little room there is; what is only good to know
    is in its section."""
    told = [finding for finding in found if finding.severity != "info"][:TOLD]
    for i, finding in enumerate(told):
        whole = f"{_said(finding)}. {finding.advice}."
        short = whole if i == 0 else f"{_named(finding)} ({finding.confidence})."
        yield Sentence(text=whole, short=short, kept=i == 0)
    if more := sum(finding.severity != "info" for finding in found) - len(told):
        yield Sentence(text=f"Findings below: {more} more.", short=f"Findings below: {more} more.")


def section(found: Sequence[Finding]) -> Iterator[Paragraph]:
    """All of them, with their evidence."""
    if found:
        yield Paragraph(title="What was found, and what it rests on", lines=tuple(map(_rests_on, found)))


def _rests_on(finding: Finding) -> str:
    figures = listed([_figure(one.figure, one.value, one.unit) for one in finding.evidence])
    return ". ".join(filter(None, (_said(finding), figures, finding.advice))) + "."


def _named(finding: Finding) -> str:
    at = f" at {finding.where}" if finding.where else ""
    return f"{finding.about}: {finding.code.replace('-', ' ')}{at}"


def _said(finding: Finding) -> str:
    kind = "; ".join(filter(None, (finding.confidence, BINDS[finding.binds])))
    effect = "" if finding.effect is None else f": {_effect(finding.effect)}"
    return f"{_named(finding)} ({kind}){effect}"


def _effect(effect: Effect) -> str:
    now = f"{_figure(effect.figure, effect.now, effect.unit)} now"
    if effect.mended is None:
        return now
    spread = ""
    if effect.low is not None and effect.high is not None:
        spread = f" ({number(effect.low)}-{number(effect.high)})"
    mended = f"{number(effect.mended)} {effect.unit}".rstrip()
    return f"{now}, {mended}{spread} once it is mended"


def _figure(name: str, value: float, unit: str) -> str:
    shown = str(value) if isinstance(value, int) else number(value)
    return f"{name} {shown} {unit}".rstrip()
