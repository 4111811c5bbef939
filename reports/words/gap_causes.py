"""Of how much longer a cycle is in one deployment than in another, what the confirmed hypotheses take."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reports.analysis.analysis import Analysis
from reports.document.sentence import Sentence
from reports.figures.text import listed, number

IN_BRIEF: Mapping[str, str] = {
    "one-process": "having one process for all",
    "fewer-threads": "having fewer threads",
    "memory-gc": "memory and garbage collection",
    "cpu-throttling": "its CPU limit, which stops it",
}
MOST = 101
"""Percent: one more is the rounding."""


def gap_cause_sentences(analysis: Analysis) -> Iterator[Sentence]:
    """Of each pair of deployments at the greatest gap; all have a table. The first pair's stands above the
    tables whatever the room: it is the answer."""
    pairs = dict.fromkeys((one.faster, one.slower) for one in analysis.gap_causes)
    for pair in pairs:
        own = [one for one in analysis.gap_causes if (one.faster, one.slower) == pair]
        most = max(own, key=lambda one: one.gap.value)
        said = [one for one in most.hypotheses if one.verdict == "confirmed" and one.share is not None]
        parts = [
            f"{IN_BRIEF[one.code]} ({100 * (one.share or 0.0):.0f} %)"
            for one in sorted(said, key=lambda one: -(one.share or 0.0))
        ]
        if not parts:
            continue
        why, percent = listed(parts), round(100 * most.rest_share)
        rest = f"{percent} %"
        # Parts are measured one by one: by chance they can add up to more than all.
        none, left = (
            (f"none of the {len(most.hypotheses)} hypotheses explains {rest}", f"{rest} is unexplained")
            if percent >= 0
            else (over := f"the parts add up to {100 - percent} %, which is chance", over)
        )
        if percent >= 0 and sum(round(100 * (one.share or 0.0)) for one in said) + percent > MOST:
            # What is refuted may have come out below nothing, and left more than there is.
            none, left = (
                f"{one} (measured part by part: by chance it is over 100 %)" for one in (none, left)
            )
        text = (
            f"What makes a cycle {number(most.gap.value)} ms longer in {most.slower} than in {most.faster} "
            f"({most.config} at {most.load.named}) is {why}; {none}."
        )
        short = f"{most.slower} is slower because of {why}; {left}."
        yield Sentence(text=text, short=short, kept=pair == next(iter(pairs)))
