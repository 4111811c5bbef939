"""Where throughput stops growing, in words: in full, and as a part of the report's first lines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.evidence.ladder import Rung
from reports.figures.knee import Step
from reports.figures.knees import Knee
from reports.figures.text import listed, number, spread, users
from reports.words.full import used


def _gained(step: Step, per: str) -> str:
    return f"{step.gained:.1f}x the {per} of {users(step.few)} with {step.many / step.few:.1f}x as many"


def _untold(knee: Knee, step: Step, *, full: Rung | None = None) -> str:
    """Why the last step does not show growth at its upper end, and what would tell; ``full``: what has a
    ceiling and tells already."""
    why = f"{_gained(step, knee.workload.throughput.title)}"
    if step.waited:
        one, other = map(number, step.waited)
        unit = knee.workload.median.metric.unit
        why += f", and {knee.workload.median.title} from {one} to {other} {unit}, so requests wait already"
    if full is not None and full.ceiling is not None:
        return f"{why}: whether it still grows these levels alone do not show"
    between = f"between {step.few} and {step.many}, and " if step.many - step.few > 1 else ""
    return f"{why}: whether it still grows is not settled, measure {between}above"


def _at(knee: Knee) -> str:
    """As exactly as the measured levels have it."""
    return f"{knee.above}-{knee.concurrency}" if knee.above else str(knee.concurrency)


def _where(knee: Knee) -> str:
    """The same, and what was not measured."""
    if knee.above is None or knee.concurrency is None:
        return f"at {users(knee.concurrency or 0)}"
    first, last = knee.above + 1, knee.concurrency - 1
    where = f"between {knee.above} and {last + 1} users" if knee.above else f"at {last + 1} users or below"
    return f"{where} ({first if first == last else f'{first}-{last}'} not measured)"


def knee_sentence(knee: Knee, *, of_fixes: bool = False, full: Rung | None = None) -> str:
    """All that is known of where one configuration stops growing; ``of_fixes``: it was measured beside fixes,
    or is one; ``full``: what is so at the highest level."""
    per = knee.workload.throughput.title
    best = f"{spread(knee.throughput)} {per}"
    if knee.workload_mismatch:
        return f"its levels are of loads that differ ({listed(knee.workload_mismatch)}): no knee is drawn"
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
            sure = f"; in 95 of 100 selections of its repeats by chance it is at {knee.low}-{knee.high}"
        if knee.reached_share < 0.95:
            often = f"{100 * (1 - knee.reached_share):.0f} of 100 selections of its repeats by chance"
            sure += f"; it may still grow, as it does in {often}"
        return f"stops growing {_where(knee)}, {best}{sure}"
    if knee.levels == 1 and of_fixes:
        return f"{best} at {users(knee.top)}, the load of the finding: there the fixes are compared"
    if knee.levels == 1:
        return f"one level only ({users(knee.top)}, {best}): says nothing about growth"
    why = "; the budget ended the sweep first" if knee.budget_ended else ""
    if knee.step is not None and knee.unsure:
        return f"knee not found: {best} at {users(knee.top)}, {_untold(knee, knee.step, full=full)}{why}"
    top = f"throughput still grew at {users(knee.top)} ({best})"
    since = f"; {_gained(knee.step, per)}" if knee.step else ""
    return f"knee not reached: {top}{since}{why}"


def grown(who: str, knee: Knee | None, *, full: Rung | None = None, brief: bool = False) -> str:
    """How far the throughput of the configuration that others are compared with grew; ``full``: what is so at
    the highest level."""
    if knee is None:
        return f"{who} has no valid cell, so nothing follows from it"
    best = f"{spread(knee.throughput)} {knee.workload.throughput.title}"
    if knee.workload_mismatch:
        return f"{who} had loads that differ from level to level: nothing follows about its growth"
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
        many = "user" if _at(knee) == "1" else "users"
        below = " or below" if knee.above == 0 else ""
        return f"{who} stops growing at {_at(knee)} {many}{below}, at {best}"
    if knee.levels == 1:
        lone = "" if brief else ": whether it scales is not known without a lighter load beside it"
        return f"{who} was measured at {users(knee.top)} only, {best}{lone}"
    if knee.step is not None and knee.unsure:
        had = f"{who} had {best} at {users(knee.top)}"
        if full is not None and full.ceiling is not None:
            return f"{had}{'' if brief else f', where {used(full)}'}: more users get no more"
        if brief:
            return f"{had}: whether it still grows is not settled"
        return f"{had}, {_untold(knee, knee.step)}{f' ({used(full)} there)' if full else ''}"
    return f"{who} still grew at {users(knee.top)}, {best}: its limit was not reached"


def others_grown(knees: Sequence[Knee]) -> Iterator[str]:
    """The same of the other configurations, in few words; those that say nothing about users are left to
    the section."""
    for knee in knees:
        if knee.workload_mismatch or knee.other_loads:
            continue
        value = knee.throughput.value if knee.throughput else None
        best = f"{number(value)} {knee.workload.throughput.title}"
        if knee.invalid:
            yield f"{knee.name} has no valid cell above {users(knee.top)}"
        elif knee.concurrency is not None:
            yield f"{knee.name} stops at {_at(knee)} ({best})"
        elif knee.levels == 1:
            yield f"{knee.name} measured at {users(knee.top)} only"
        elif knee.unsure:
            yield f"{knee.name} had {best} at {knee.top} (limit not known)"
        else:
            yield f"{knee.name} still grew at {knee.top} ({best})"
