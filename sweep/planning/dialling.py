"""``--dial``: a cell in which the reference app slows one stage at a time, and what such a cell is like."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from records.cells.point import USERS
from records.services.variants import BASELINE
from sweep.planning.bounds import DIAL_SECONDS
from sweep.planning.grid import AUTO
from sweep.planning.plan import Plan
from sweep.running.dial import FOLDER
from sweep.running.errors import UsageError

WINDOW_SECONDS = 1.5
_SECONDS, _SEED = "DIAL_SECONDS", "DIAL_SEED"
USUAL_LEVELS = (1, 10, 20)
"""Where it was not said how many users: `auto` would look for a knee, a minute and a half a step."""


def check_not_auto(concurrency: str | None, grid: Sequence[str]) -> None:
    """Raises UsageError where somebody asked for a search by its name."""
    users = [text for name, _, text in (one.partition("=") for one in grid) if name == USERS]
    if AUTO in (text.strip() for text in (concurrency or "", *users)):
        usual = ",".join(map(str, USUAL_LEVELS))
        raise UsageError(
            f"--dial takes numbers of users, not {AUTO}: a search would take more than a minute and a half a "
            f"step; leave it out for {usual}, or list others"
        )


def check_no_length(given: Callable[[str], bool]) -> None:
    """Raises UsageError where the length of a cell was given: it would be ignored. ``given``: was that
    option, by its name?"""
    for name in ("max_seconds", "requests"):
        if given(name):
            raise UsageError(f"--dial's cells take {DIAL_SECONDS:g} s: leave --{name.replace('_', '-')} out")


def dialled(plan: Plan) -> Plan:
    """The plan of such a sweep: of the app as it is, where nothing else was asked for.

    Raises:
        UsageError: there is a target that has no dial, or the settings of the dial were given.
    """
    if not plan.dial:
        return plan
    if other := [target.label for target in plan.targets if not target.kind.has_dial]:
        raise UsageError(f"--dial slows stages of the reference app, and {other[0]} is none: leave it out")
    given = {name for variant in plan.variants for name in variant.settings} | set(plan.settings)
    if own := given & {FOLDER, _SECONDS, _SEED}:
        raise UsageError(f"--dial sets {min(own)} itself: leave it out")
    levels = plan.levels
    if plan.auto:
        levels = tuple(n for n in USUAL_LEVELS if plan.max_level is None or n <= plan.max_level)
    return replace(
        plan,
        variants=plan.variants or (BASELINE,),
        levels=levels,
        auto=False,
        settings={**plan.settings, _SECONDS: f"{WINDOW_SECONDS:g}", _SEED: str(plan.seed)},
    )
