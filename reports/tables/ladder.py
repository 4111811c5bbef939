"""What each resource of a service allows: a short table. What binds, and what next, its findings say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reports.analysis.analysis import Analysis
from reports.document.document import Row, Table
from reports.evidence.ladder import Ladder, Rung, is_far
from reports.evidence.service import Service
from reports.figures.stats import Estimate
from reports.figures.text import NONE, number, spread
from reports.words.full import WHY, named

FIRST = 3
"""So many ceilings are in the table."""
MUCH = 0.5
"""The share in use from which on a resource without a ceiling is worth a row."""
APART = (
    "No repeat has both its lightest and its heaviest load: what else changed meanwhile is in these figures."
)


def ladder_tables(analysis: Analysis) -> Iterator[Table]:
    for found in analysis.ladders:
        if rows := list(_worth_telling(found)):
            yield _table(found, rows)


def _worth_telling(found: Ladder) -> Iterator[Rung]:
    """Nothing where none binds, and none will soon."""
    steps = [rung for rung in found.rungs if rung.ceiling is not None][:FIRST]
    if any(rung.binds_now for rung in found.rungs) or any(
        not is_far(found.service, rung.by_heaviest) for rung in steps
    ):
        yield from (r for r in found.rungs if r in steps or (r.ceiling is None and r.share >= MUCH))


def _table(found: Ladder, rungs: Sequence[Rung]) -> Table:
    service = found.service
    rows = [
        Row(cells=(
            named(rung.resource), f"{100 * rung.share:.0f} %", _demand(rung.demands), spread(rung.ceiling),
            users_of(rung.users),
        ))
        for rung in rungs
    ]  # fmt: skip
    return Table(
        title=f"{service.deployment}: {service.config}: what each resource allows",
        columns=("Resource", f"Used at {service.heavy.level.load.alone}", "ms an answer", "Ceiling RPS",
                 "From users"),
        rows=tuple(rows),
        notes=tuple(_notes(service, rungs)),
    )  # fmt: skip


def _notes(service: Service, rungs: Sequence[Rung]) -> Iterator[str]:
    yield "ms an answer: of the resource's time, at the lightest and the heaviest load."
    if any(rung.ceiling for rung in rungs):
        yield "Ceiling: what it allows if nothing else binds. What does, and what next: see what was found."
    if any(rung.users for rung in rungs):
        yield "From users: from how many users on it is full (95 % interval), if nothing else binds before."
    if service.comparison == "other-repeats":
        yield APART
    first, second = (*(rung.ceiling for rung in rungs[:2]), None, None)[:2]
    if first and second and first.high is not None and second.low is not None and second.low <= first.high:
        yield "The first two may stand in either order: their intervals overlap."
    for rung in rungs:
        if rung.ceiling is None:
            least = f"; it allows {number(rung.by_heaviest)} at least" if rung.told == "falls" else ""
            yield f"{named(rung.resource)}: not predictable, {WHY[rung.told]}{least}."


def _demand(demands: Sequence[float]) -> str:
    ends = [number(1e3 * demand) for demand in dict.fromkeys((demands[0], demands[-1]))]
    return " to ".join(dict.fromkeys(ends))


def users_of(users: Estimate | None) -> str:
    """Whole ones: there is no part of a user."""
    if users is None:
        return NONE
    value, low, high = (end and max(1, round(end)) for end in (users.value, users.low, users.high))
    return f"{value} ({low}-{high})" if low and high else str(value)
