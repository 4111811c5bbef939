"""What a scenario is asked with: its file, and its own options, as it says them itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Collection, Sequence
from pathlib import Path

from records.kept import shown
from records.point import RATE, USERS, Point
from sweep.options import found_in
from sweep.plan import STREAM, Plan
from sweep.running.processes import PROJECT, free_port
from sweep.running.usage import UsageError

FOLDER = PROJECT / "locustfiles"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_OPTION = re.compile(r"^  (?:-\w(?: [^\s,]+)?, )?--([a-z][a-z0-9-]*)( \S)?", re.MULTILINE)
"""A line of its help: the option, and whether a value follows."""
_OF_THE_SWEEP = {
    *("requests", "min-seconds", "warmup-requests", "drain-seconds", "results", "run-name", "cell-name"),
    *("host", "region"),
}
"""Options by which the sweep itself arranges a cell."""
_LIMIT_SECONDS = 60.0


def locustfile(scenario: str) -> Path:
    """Raises UsageError where there is no such scenario."""
    path = FOLDER / f"{scenario}.py"
    if not _NAME.fullmatch(scenario) or not path.is_file():
        there = ", ".join(sorted(one.stem for one in FOLDER.glob("[a-z]*.py")))
        raise UsageError(
            f"--scenario {shown(scenario)}: there is no such file in locustfiles; there are {there}"
        )
    return path


def flag(name: str) -> str:
    """A factor as the scenario's option: ``max_tokens`` is ``--max-tokens``."""
    return f"--{name.replace('_', '-')}"


def check_scenario(plan: Plan) -> None:
    """See, before anything starts, that the scenario is one, and has the factors of the plan as options.

    Raises:
        UsageError: it is none, or knows no such option.
    """
    path = locustfile(plan.scenario)
    names = [name for name, _ in plan.grid if name not in (USERS, RATE)]
    if names or plan.scenario != STREAM:
        check_factors(names, _declared(path), plan.scenario)
    given = [word.partition("=")[0] for word in plan.locust_args]
    twice = next((name for name in names if flag(name) in given), None)
    if twice:
        raise UsageError(f"--grid {twice} and {flag(twice)} after -- contradict each other: leave one out")
    arrival = found_in(plan.locust_args).arrival
    if arrival == "closed" and any(name == RATE for name, _ in plan.grid):
        raise UsageError("--grid rate is an open loop: --arrival closed does not go with it")


def check_factors(names: Sequence[str], declared: Collection[str], scenario: str) -> None:
    """Raises UsageError for a factor that is no option with a value, or one that the sweep itself gives."""
    for name in names:
        option = flag(name).removeprefix("--")
        if option in _OF_THE_SWEEP:
            raise UsageError(f"--grid {name}: that is what the sweep itself says to each cell")
        if option not in declared:
            raise UsageError(
                f"--grid {name}: the scenario {scenario} has no option {flag(name)} that takes a value; "
                f"python locustfiles/{scenario}.py lists them"
            )


def options_in(text: str) -> set[str]:
    """The options with a value, by their names, that a scenario's help lists."""
    return {name for name, value in _OPTION.findall(text) if value}


def _declared(path: Path) -> set[str]:
    """Raises UsageError where it says nothing: a shape, or no locustfile of ours."""
    environment = {**os.environ, "COLUMNS": "100", "PYTHONPATH": str(PROJECT)}
    try:
        done = subprocess.run(
            [sys.executable, str(path)],
            env=environment,
            capture_output=True,
            text=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(f"locustfiles/{path.name} does not say its options") from None
    found = options_in(done.stdout)
    if done.returncode or not found:
        raise UsageError(f"locustfiles/{path.name} is no scenario: it lists no options of its own")
    return found


def words(plan: Plan, point: Point) -> list[str]:
    """What makes a load that of a point, for locust: an open loop's rate, and the scenario's options."""
    said: list[str] = []
    rate = point.get(RATE)
    if rate is not None:
        known = found_in(plan.locust_args).arrival is not None or "arrival" in point.options
        said += [*(() if known else ("--arrival", "constant")), "--rate", str(rate)]
    said += [word for name, value in point.options.items() for word in (flag(name), str(value))]
    if plan.workers:
        port = str(free_port())
        said += ["--processes", str(plan.workers), "--master-bind-port", port, "--master-port", port]
    return said
