"""Whether a scenario takes a plan's factors and what followed ``--``, asked of it before anything starts."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from records.cells.point import RATE, USERS, VIA
from sweep.planning.grid import combinations
from sweep.planning.load_words import OWN, by_default, flag, found_in, of_point
from sweep.planning.plan import STREAM, Plan
from sweep.planning.scenario import Declared, asked, locustfile
from sweep.running.errors import UsageError

PYPROJECT = Path("pyproject.toml")
FILES_OF_OPTIONS = (Path("locust.conf"), PYPROJECT, Path("~/.locust.conf"))
"""Which locust reads of its own accord, where it is started."""


def check_scenario(plan: Plan) -> tuple[str, ...]:
    """See that the scenario is one, and takes the plan's factors and what followed ``--``: its own process
    says so, once for all points, and of what in them it warns.

    Raises:
        UsageError: it is none, knows no such option, or refuses a value.
    """
    locustfile(plan.scenario)
    names = [name for name, _ in plan.grid if name not in (USERS, RATE, VIA)]
    same = next((name for number, name in enumerate(names) if flag(name) in map(flag, names[:number])), None)
    if same:
        raise UsageError(f"--grid {same}: {flag(same)} is a factor already: list its values in one")
    given = found_in(plan.locust_args, plan.scenario)
    twice = next((name for name in names if name.replace("-", "_") in given), None)
    if twice:
        raise UsageError(f"--grid {twice} and {flag(twice)} after -- contradict each other: leave one out")
    if (
        plan.grid
        or plan.locust_args
        or plan.scenario != STREAM
        or any(map(_may_have_options, FILES_OF_OPTIONS))
    ):
        lines = [
            [*by_default(point), *plan.locust_args, *of_point(point)] for point in combinations(plan.grid)
        ]
        said = asked(plan.scenario, lines)
        check_factors(names, said.options, plan.scenario)
        if said.why:
            raise UsageError(f"the scenario {plan.scenario}: {said.why}")
        return said.warnings
    return ()


def check_factors(names: Sequence[str], options: Sequence[Declared], scenario: str) -> None:
    """Raises UsageError for a factor that is no option with a value, or one that the sweep itself gives."""
    free = {option.flag for option in options if option.factor} - OWN.keys()
    for name in names:
        if flag(name) in OWN:
            raise UsageError(f"--grid {name}: that is what the sweep itself says: {OWN[flag(name)]}")
        if flag(name) not in free:
            near = get_close_matches(flag(name), sorted(free), n=1)
            raise UsageError(
                f"--grid {name}: the scenario {scenario} has no option {flag(name)} that takes a value"
                f"{f' ({near[0]}?)' if near else ''}; python locustfiles/{scenario}.py lists them"
            )


def _may_have_options(file: Path) -> bool:
    """A project's own file mostly has none; to have the scenario say so takes two seconds."""
    try:
        content = file.expanduser().read_bytes()
    except (OSError, RuntimeError):  # nobody knows where home is
        return False
    return file != PYPROJECT or b"tool.locust" in content
