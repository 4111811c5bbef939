"""What is said below a table, where it is so."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reports.cautions import refusals
from reports.compare import Comparison, DeploymentRatio
from reports.document import listed, number
from reports.figures import Figures
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


def late_notes(levels: Iterable[Level]) -> list[str]:
    """Of the levels of a table, with their deployment where it holds several."""
    found = list(levels)
    several = len({level.deployment for level in found}) > 1
    return late_note(
        (level.figures, f"{f'in {level.deployment} ' if several else ''}at {level.load.named}")
        for level in found
    )


def late_note(figures: Iterable[tuple[Figures, str]]) -> list[str]:
    """Of figures and where they were measured."""
    late = [f"{one.late} of {one.requests} {where}" for one, where in figures if one.late]
    return (
        [f"late: {listed(late)}, left out of latencies because the load generator stalled."] if late else []
    )


def failure_note(figures: Figures, where: str) -> list[str]:
    """What the failures would make of the compared metric."""
    for quantile in figures.workload.compared.endless[:1]:
        value = figures.endless[quantile.key]
        if figures.failures and value is not None:
            shown = f"{number(value)} {quantile.metric.unit}".rstrip()
            return [f"With failures as never answered, {quantile.title} at {where} is {shown}."]
    return []
