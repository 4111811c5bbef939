"""Where throughput stops growing, in words: in full, and as a part of the report's first lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.figures.knee import Step
from reports.figures.knees import Knee
from reports.figures.text import listed, number, spread, users


def _gained(step: Step, per: str) -> str:
    return f"{step.gained:.1f}x the {per} for {step.many / step.few:.1f}x the users"


def _little(knee: Knee) -> str:
    """What the last step brought, where that is little."""
    if knee.step is None or not knee.slowing:
        return ""
    return f"only {_gained(knee.step, knee.workload.throughput.title)} since {knee.step.few}"


def knee_sentence(knee: Knee) -> str:
    """All that is known of where one configuration stops growing."""
    per = knee.workload.throughput.title
    best = f"{spread(knee.throughput)} {per}"
    if knee.workload_mismatch:
        return f"its levels were asked differently ({listed(knee.workload_mismatch)}): no knee is drawn"
    if knee.other_loads:
        return f"its load was {listed(knee.other_loads)}, no number of users: no knee is drawn"
    if knee.invalid:
        return (
            f"{', '.join(map(str, knee.invalid))} users were measured and are not valid: no knee is drawn; "
            f"{users(knee.top)}, the highest valid level, had {best}"
        )
    if knee.concurrency is not None:
        sure = ""
        if knee.low is not None and (knee.low, knee.high) != (knee.concurrency, knee.concurrency):
            sure = f"; 95 % of resamplings put it at {knee.low}-{knee.high}"
        if knee.reached_share < 0.95:
            sure += f"; {1 - knee.reached_share:.0%} of resamplings see it still growing"
        return f"stops growing at {users(knee.concurrency)}, {best}{sure}"
    if knee.levels == 1:
        return f"one level only ({users(knee.top)}, {best}): says nothing about growth"
    why = "; the budget ended the sweep first" if knee.budget_ended else ""
    top = f"throughput still grew at {users(knee.top)} ({best})"
    if knee.step is None:
        return f"knee not reached: {top}{why}"
    if knee.slowing:
        between = f"measure between {knee.step.few} and {knee.step.many}, and above"
        return f"knee not found, but near: {top}, {_little(knee)}: {between}{why}"
    return f"knee not reached: {top}; {_gained(knee.step, per)} since {knee.step.few}{why}"


def grown(who: str, knee: Knee | None) -> str:
    """How far the throughput of the configuration that others are compared with grew."""
    if knee is None:
        return f"{who} has no valid cell, so nothing follows from it"
    best = f"{spread(knee.throughput)} {knee.workload.throughput.title}"
    if knee.workload_mismatch:
        return f"{who} was asked differently from level to level: nothing follows about its growth"
    if knee.other_loads:
        return (
            f"{who} was measured by {listed(knee.other_loads)}: nothing follows about its growth with users"
        )
    if knee.invalid:
        return (
            f"{who} had {best} at {users(knee.top)}; {', '.join(map(str, knee.invalid))} "
            "users are not valid: nothing follows about where it stops growing"
        )
    if knee.concurrency is not None:
        return f"{who} stops growing at {users(knee.concurrency)}, at {best}"
    if knee.levels == 1:
        return f"{who} was measured at {users(knee.top)} only, {best}"
    top = f"{who} still grew at {users(knee.top)}, {best}"
    if knee.slowing:
        return f"{top}, {_little(knee)}: its limit is near, and was not found"
    return f"{top}: its limit was not reached"


def others_grown(knees: Sequence[Knee]) -> Iterator[str]:
    """The same of the other configurations, in few words; those that say nothing about users are left to
    the section."""
    for knee in knees:
        if knee.workload_mismatch or knee.other_loads:
            continue
        value = knee.throughput.value if knee.throughput else None
        best = f"{number(value)} {knee.workload.throughput.title}"
        if knee.invalid:
            yield f"{knee.name} not known above {users(knee.top)} (no valid cell)"
        elif knee.concurrency is not None:
            yield f"{knee.name} stops at {knee.concurrency} ({best})"
        elif knee.levels == 1:
            yield f"{knee.name} measured at {users(knee.top)} only"
        elif knee.slowing:
            yield f"{knee.name} still grew a little at {knee.top} ({best})"
        else:
            yield f"{knee.name} still grew at {knee.top} ({best})"
