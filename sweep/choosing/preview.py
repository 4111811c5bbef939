"""What a sweep would measure, in lines for a person. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from reports.figures.knee import GROWTH
from sweep.choosing.again import MOST_TIMES
from sweep.choosing.search import Search
from sweep.planning.cell_key import CellKey
from sweep.planning.plan import Plan


def preview(plan: Plan) -> list[str]:
    """In the order of the sweep, as far as it is known before anything is measured."""
    lines = []
    for repeat in range(1, plan.repeats + 1):
        if plan.auto and repeat > 1:
            lines += _later(plan, repeat)
            continue
        cells = [key for key in plan.cells() if key.repeat == repeat]
        lines += [f"{key.path}  {_length(plan, key)}" for key in plan.shuffled(cells)]
        if plan.auto:
            lines += _to_the_knee(plan)
    number = Search(plan=plan).expected_cells()
    about = "about " if plan.auto else ""
    shortest, longest = plan.cell_seconds
    each = "" if plan.dial else f" of {shortest:g} to {longest:g} s"
    budget = f", at most {plan.budget_seconds:.0f} s" if plan.budget_seconds else ""
    again = f"is measured again, at most {MOST_TIMES} times"
    lines.append(f"a cell that the machine spoils, or that is too short to be steady, {again}")
    lines.append(f"their order and their questions are of --seed {plan.seed}")
    lines.append(f"{about}{number} cells{each}{_whole(plan, number)}{budget}; nothing was started")
    return lines


def _whole(plan: Plan, cells: int) -> str:
    """How long all of it takes, by the usual length of a cell: nobody knows before how fast answers come."""
    starts = ", with the starts of targets" if plan.starts_targets else ""
    return f", {_in_words(plan.seconds_of(cells))} in all (an estimate{starts})"


def _in_words(seconds: float) -> str:
    if seconds < 90:
        return f"about {10 * max(1, round(seconds / 10))} s"
    if seconds < 90 * 60:
        return f"about {round(seconds / 60)} minutes"
    return f"about {seconds / 3600:.1f} hours"


def _length(plan: Plan, key: CellKey) -> str:
    return f"{plan.cell_seconds[1]:g} s" if plan.dial else f"{plan.requests_at(key.point)} requests"


def _to_the_knee(plan: Plan) -> list[str]:
    onward = plan.onward_levels()
    between = [n for n in plan.search_levels() if n not in (*plan.levels, *onward)]
    lines = []
    if onward:
        growth = f"{100 * (GROWTH - 1):.0f} %"
        lines.append(f"then, while throughput grows by more than {growth}: {_listed(onward)} users,")
        lines.append("or around and beyond the knee where it is predicted by then,")
    if between:
        lines.append(f"{'and' if onward else 'then,'} beside each knee: some of {_listed(between)} users")
    return lines


def _later(plan: Plan, repeat: int) -> list[str]:
    compared = plan.levels[1:]
    then = f"then {_listed(compared)} users, " if compared else ""
    return [f"repeat {repeat}: each knee and the levels beside it, {then}then the rest"]


def _listed(levels: Sequence[int]) -> str:
    return ", ".join(map(str, levels))
