"""The report's first lines: the truth, as much of it as nine lines hold; with their heading they are ten."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.document.sentence import Sentence
from reports.findings.common.finding import Finding
from reports.notes.caution import Caution
from reports.notes.cautions import cautions
from reports.words.changes import change_sentences
from reports.words.diagnosis import in_words
from reports.words.fixes import fix_sentences
from reports.words.sentences import sentences

LINES = 9
INTERVAL = "the range that holds the true figure 19 times in 20"
COLUMNS = 98
"""Of 100, less what marks a sentence in Markdown."""


def what_this_says(analysis: Analysis, diagnosis: Sequence[Finding]) -> list[str]:
    """What was found, first; sentences that take LINES lines of COLUMNS at most. What is left out for want of
    room, is not silently: cautions are named in brief, and what else there is stands in its own section. A
    line that is left says what figures are."""
    lines = _found(analysis, diagnosis)
    meant = [line for line in _meanings(analysis, lines) if _height([*lines, line]) <= LINES]
    return [*lines, *meant[:1]]


def _meanings(analysis: Analysis, lines: Sequence[str]) -> Iterator[str]:
    """Of a throughput with an interval, which who meets it first may not know to read."""
    for per in (workload.throughput for workload in analysis.workloads):
        if per.means and any(re.search(rf"\(\S+-\S+\) {re.escape(per.title)}\b", line) for line in lines):
            yield f"{per.title}: {per.means}; in brackets {INTERVAL}."


def _found(analysis: Analysis, diagnosis: Sequence[Finding]) -> list[str]:
    found = [
        *fix_sentences(analysis),
        *change_sentences(analysis),
        *in_words(diagnosis),
        *sentences(analysis, diagnosis),
    ]
    care = list(cautions(analysis))
    whole = _with_cautions([sentence.text for sentence in found], care)[0]
    if _height(whole) <= LINES:
        return whole
    found = [sentence for sentence in found if not sentence.extra]
    texts, shorts = [sentence.text for sentence in found], [sentence.short for sentence in found]
    for shown in (texts, *_shortened(texts, shorts)):
        for lines in _with_cautions(shown, care):
            if _height(lines) <= LINES:
                return lines
    return _cut([s for s in found if s.kept], [s.short for s in found if s.short and not s.kept], care)


def _shortened(texts: Sequence[str], shorts: Sequence[str]) -> list[list[str]]:
    """The sentences with ever more of them short, from the last one on."""
    return [
        [text for text in (*texts[:keep], *shorts[keep:]) if text] for keep in reversed(range(len(texts)))
    ]


def _with_cautions(shown: list[str], care: Sequence[Caution]) -> list[list[str]]:
    """With all cautions in full, or ever more of them in brief, from the last one on."""
    return [
        [*shown, *(line for caution in care[:full] for line in caution.sentences), *_in_brief(care, full)]
        for full in reversed(range(len(care) + 1))
    ]


def _in_brief(care: Sequence[Caution], full: int, end: int | None = None) -> list[str]:
    """Those from ``full`` on; those from ``end`` on are only counted."""
    briefs = [caution.brief for caution in care[full:end]]
    if end is not None and end < len(care):
        left = f"{len(care) - end} {'more ' * bool(briefs)}reason{'s' * (len(care) - end > 1)}"
        if not briefs:
            return [f"Read with care, for {left}: see the verdict at the end."]
        briefs.append(f"{left} in the verdict at the end")
    return [f"Read with care (see the verdict): {'; '.join(briefs)}."] if briefs else []


def _height(lines: Sequence[str]) -> int:
    return sum(len(textwrap.wrap(line, COLUMNS)) for line in lines)


def _cut(kept: Sequence[Sentence], others: Sequence[str], care: Sequence[Caution]) -> list[str]:
    """What is kept and, of the others, as many as fit: they are the answer that was asked for. Then cautions,
    as many as there is room for, the rest counted; and that there is more."""
    more = "There is more to know: see the sections below and the verdict at the end."
    counted = [*_in_brief(care, 0, 1), more]  # the first of them by name
    found = [s.short or s.text for s in kept]
    if _height([*found, *others[:2], *counted]) > LINES:
        found = [s.least or s.short or s.text for s in kept]
    for line in others:
        if _height([*found, line, *counted]) > LINES:
            break
        found.append(line)
    for end in reversed(range(len(care) + 1)):
        lines = [*found, *_in_brief(care, 0, end), more]
        if end and _height(lines) <= LINES:
            return lines
    least = [*found, *_in_brief(care, 0, 1)]  # a reason that is named says more than that there is more
    return least if care and _height(least) <= LINES else lines
