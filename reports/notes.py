"""What is said below a table, where it is so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from records.measure import wanted_answers
from reports.compare import Comparison, DeploymentRatio
from reports.document import listed, number
from reports.figures import Figures
from reports.refusals import refusals
from reports.summary import Level


def ratio_notes(ratios: Sequence[Comparison | DeploymentRatio]) -> list[str]:
    """Where what is compared was not asked alike, or is not the same but for its name."""
    notes = [refusal.sentence for refusal in refusals(ratios)]
    wrong = [ratio for ratio in ratios if ratio.asked_differently]
    if wrong:
        levels = [load.named for load in sorted({ratio.load for ratio in wrong})]
        keys = list(dict.fromkeys(key for ratio in wrong for key in ratio.asked_differently))
        notes.append(f"Asked differently at {listed(levels)} ({listed(keys)}): such a ratio is of two loads.")
    return notes


def answer_notes(levels: Iterable[Level]) -> list[str]:
    """Which answers the latencies of a table's levels are not of, with their deployment where there are
    several, and which of the good ones may be none."""
    found = list(levels)
    several = len({level.deployment for level in found}) > 1
    placed = [
        (level.figures, f"{f'in {level.deployment} ' if several else ''}at {level.load.named}")
        for level in found
    ]
    return [*late_note(placed), *unsure_note(placed)]


def late_note(figures: Iterable[tuple[Figures, str]]) -> list[str]:
    """Of figures and where they were measured."""
    late = [f"{one.late} of {one.requests} {where}" for one, where in figures if one.late]
    return (
        [f"late: {listed(late)}, left out of latencies because the load generator stalled."] if late else []
    )


def unsure_note(figures: Iterable[tuple[Figures, str]]) -> list[str]:
    """Good answers without a TTFT, and those of which nobody knows why they ended; and where."""
    found, notes = list(figures), []
    if without := [f"{one.without_ttft} of {one.good} {where}" for one, where in found if one.without_ttft]:
        notes.append(f"Without TTFT, which is of the others: {listed(without)} held thoughts only.")
    ends = [(one, where, sum(count for _, count in one.unknown_ends)) for one, where in found]
    if unknown := [f"{count} of {one.good} {where}" for one, where, count in ends if count]:
        reasons = list(dict.fromkeys(reason for one, _ in found for reason, _ in one.unknown_ends))
        notes.append(f"Ended for a reason that is not known ({listed(reasons[:3])}): {listed(unknown)}.")
    return notes


def failure_note(figures: Figures, where: str) -> list[str]:
    """What the failures would make of p95."""
    if not figures.failures or figures.ttft_p95_with_failures is None:
        return []
    p95 = number(figures.ttft_p95_with_failures)
    return [f"With failures as never answered, TTFT p95 at {where} is {p95} ms."]


HIGH = {"ttft_p95": 0.95, "e2e_p95": 0.95, "ttft_p99": 0.99, "itl_p99": 0.99}
"""The percentiles that want many values."""


def absent_note(figures: Iterable[Figures], shown: Sequence[str]) -> list[str]:
    """Why there is ``-`` in a table's columns of latencies, said once; ``shown``: their names in Figures."""
    found, why = list(figures), []
    if any(one.ttft_p50 is None for one in found):
        if any(not one.good for one in found):
            why.append("there is no latency without a good answer that is not late")
        if any(one.good and one.ttft_p50 is None for one in found):
            why.append("no TTFT without a token of the answer (thoughts only)")
    measured = [one for one in found if one.good]
    if any(one.itl_p50 is None for one in measured):
        why.append("no ITL without gaps between tokens (answers of one token, or written at once)")
    for name in (name for name in shown if name in HIGH):
        kind, _, rank = name.partition("_")
        has_any = [one for one in measured if getattr(one, f"{kind}_p50") is not None]
        if any(getattr(one, name) is None for one in has_any):
            of = "gaps" if kind == "itl" else "good answers that are not late"
            why.append(f"{kind.upper()} {rank} wants {wanted_answers(HIGH[name])} {of}")
    return [f"'-': {'; '.join(why)}."] if why else []


def thoughts_note(figures: Iterable[Figures]) -> list[str]:
    """What the column of the first generated token is, where there is one."""
    if not any(one.thoughts for one in figures):
        return []
    return ["First: to the first token of any kind, thoughts too; TTFT is to the first token of the answer."]
