"""Where throughput stops growing, in words: in full, and as a part of the report's first lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.compare import Knee
from reports.document import listed, number, spread, users
from reports.summary import Level


def _step(levels: Sequence[Level]) -> tuple[int, int, float] | None:
    """The last step up in users, and by how many times it raised RPS."""
    found = sorted((lv.load.users, lv.figures.rps.value) for lv in levels if lv.valid and lv.figures.rps)
    if len(found) < 2 or not found[-2][1]:
        return None
    (few, low), (many, high) = found[-2:]
    return few, many, high / low


def _short_of_users(step: tuple[int, int, float]) -> bool:
    few, many, gained = step
    return gained - 1 < (many / few - 1) / 2


def knee_sentence(knee: Knee, levels: Sequence[Level] = ()) -> str:
    """All that is known of where one configuration stops growing. ``levels``: its own."""
    rps = spread(knee.rps)
    if knee.asked_differently:
        return f"its levels were asked differently ({listed(knee.asked_differently)}): no knee is drawn"
    if knee.other_loads:
        return f"its load was {listed(knee.other_loads)}, no number of users: no knee is drawn"
    if knee.struck:
        return (
            f"{', '.join(map(str, knee.struck))} users were measured and are not valid: no knee is drawn; "
            f"{users(knee.top)}, the highest valid level, had {rps} RPS"
        )
    if knee.concurrency is not None:
        sure = ""
        if knee.low is not None and (knee.low, knee.high) != (knee.concurrency, knee.concurrency):
            sure = f"; 95 % of resamplings put it at {knee.low}-{knee.high}"
        if knee.reached_share < 0.95:
            sure += f"; {1 - knee.reached_share:.0%} of resamplings see it still growing"
        return f"stops growing at {users(knee.concurrency)}, {rps} RPS{sure}"
    if knee.levels == 1:
        return f"one level only ({users(knee.top)}, {rps} RPS): says nothing about growth"
    why = "; the budget ended the sweep first" if knee.budget_ended else ""
    return f"knee not reached: throughput still grew at {users(knee.top)} ({rps} RPS){_growth(levels)}{why}"


def _growth(levels: Sequence[Level]) -> str:
    step = _step(levels)
    if step is None:
        return ""
    few, many, gained = step
    said = f"; {gained:.1f}x the RPS for {many / few:.1f}x the users since {few}"
    if _short_of_users(step):
        return f"{said}, much less than the users: measure between {few} and {many}, the knee may lie there"
    return said


def grown(who: str, knee: Knee | None, levels: Sequence[Level]) -> str:
    """How far the throughput of the configuration that others are compared with grew."""
    if knee is None:
        return f"{who} has no valid cell, so nothing follows from it"
    if knee.asked_differently:
        return f"{who} was asked differently from level to level: nothing follows about its growth"
    if knee.other_loads:
        return (
            f"{who} was measured by {listed(knee.other_loads)}: nothing follows about its growth with users"
        )
    if knee.struck:
        return (
            f"{who} had {spread(knee.rps)} RPS at {users(knee.top)}; {', '.join(map(str, knee.struck))} "
            "users are not valid: nothing follows about where it stops growing"
        )
    if knee.concurrency is not None:
        return f"{who} stops growing at {users(knee.concurrency)}, at {spread(knee.rps)} RPS"
    if knee.levels == 1:
        return f"{who} was measured at {users(knee.top)} only, {spread(knee.rps)} RPS"
    step = _step(levels)
    slow = ", much less than the users" if step and _short_of_users(step) else ""
    return f"{who} still grew at {users(knee.top)}, {spread(knee.rps)} RPS{slow}: its limit was not reached"


def others_grown(knees: Sequence[Knee]) -> Iterator[str]:
    """The same of the other configurations, in few words; those that say nothing about users are left to
    the section."""
    for knee in knees:
        if knee.asked_differently or knee.other_loads:
            continue
        rps = number(knee.rps.value if knee.rps else None)
        if knee.struck:
            yield f"{knee.name} not known above {users(knee.top)} (no valid cell)"
        elif knee.concurrency is not None:
            yield f"{knee.name} stops at {knee.concurrency} ({rps} RPS)"
        elif knee.levels == 1:
            yield f"{knee.name} measured at {users(knee.top)} only"
        else:
            yield f"{knee.name} still grew at {knee.top} ({rps} RPS)"
