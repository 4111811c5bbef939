"""What a scenario is asked with: its file, and its own options, as it says them itself."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Collection, Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path

import orjson

from records.point import RATE, USERS, Point
from records.secret_names import shown
from sweep.grid import combinations
from sweep.options import found_in
from sweep.plan import STREAM, Plan
from sweep.running.errors import UsageError
from sweep.running.processes import PROJECT, free_port
from sweep.running.redaction import redaction

FOLDER = PROJECT / "locustfiles"
_NAME = re.compile(r"[a-z][a-z0-9_]{0,60}")
_NAMES_ONE = re.compile(r"^    scenario\b.*=", re.MULTILINE)
"""In a locustfile that is no shape."""
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
        there = sorted(one.stem for one in FOLDER.glob("[a-z]*.py") if _NAMES_ONE.search(one.read_text()))
        raise UsageError(
            f"--scenario {shown(scenario)}: there is no such scenario; there is {', '.join(there)}"
        )
    return path


def flag(name: str) -> str:
    """A factor as the scenario's option: ``max_tokens`` is ``--max-tokens``."""
    return f"--{name.replace('_', '-')}"


def check_scenario(plan: Plan) -> None:
    """See, before anything starts, that the scenario is one, and takes the plan's factors and what followed
    ``--``: its own process says so, once for all points.

    Raises:
        UsageError: it is none, knows no such option, or refuses a value.
    """
    path = locustfile(plan.scenario)
    names = [name for name, _ in plan.grid if name not in (USERS, RATE)]
    given = [word.partition("=")[0] for word in plan.locust_args]
    twice = next((name for name in names if flag(name) in given), None)
    if twice:
        raise UsageError(f"--grid {twice} and {flag(twice)} after -- contradict each other: leave one out")
    same = next((name for number, name in enumerate(names) if flag(name) in map(flag, names[:number])), None)
    if same:
        raise UsageError(f"--grid {same}: {flag(same)} is a factor already: list its values in one")
    arrival = found_in(plan.locust_args).arrival
    if arrival == "closed" and any(name == RATE for name, _ in plan.grid):
        raise UsageError("--grid rate is an open loop: --arrival closed does not go with it")
    if plan.grid or plan.locust_args or plan.scenario != STREAM:
        lines = [[*plan.locust_args, *of_point(plan, point)] for point in combinations(plan.grid)]
        declared, why = _asked(path, lines)
        check_factors(names, declared, plan.scenario)
        if why:
            raise UsageError(f"the scenario {plan.scenario}: {why}")


def check_factors(names: Sequence[str], declared: Collection[str], scenario: str) -> None:
    """Raises UsageError for a factor that is no option with a value, or one that the sweep itself gives."""
    for name in names:
        option = flag(name).removeprefix("--")
        if option in _OF_THE_SWEEP:
            raise UsageError(f"--grid {name}: that is what the sweep itself says to each cell")
        if option not in declared:
            near = get_close_matches(option, sorted(set(declared) - _OF_THE_SWEEP), n=1)
            raise UsageError(
                f"--grid {name}: the scenario {scenario} has no option {flag(name)} that takes a value"
                f"{f' (--{near[0]}?)' if near else ''}; python locustfiles/{scenario}.py lists them"
            )


def _asked(path: Path, lines: Sequence[Sequence[str]]) -> tuple[list[str], str]:
    """The names of the options with a value that the scenario declares; why it refuses one of these command
    lines, or nothing.

    Raises UsageError where it declares none: a shape, or a file that cannot be loaded.
    """
    try:
        done = subprocess.run(
            [sys.executable, "-m", "loadgen.adapter.check_options", str(path)],
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, _python_path()))},
            input=orjson.dumps(lines),
            capture_output=True,
            timeout=_LIMIT_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise UsageError(
            f"locustfiles/{path.name} does not say its options within {_LIMIT_SECONDS:g} s"
        ) from None
    why = _complaint(done.stderr.decode(errors="replace")) if done.returncode else ""
    declared = _names_in(done.stdout)
    if declared is None:
        raise UsageError(f"locustfiles/{why or f'{path.name} does not say its options'}")
    return declared, why


def _python_path() -> tuple[str, str]:
    return str(PROJECT), os.environ.get("PYTHONPATH", "")


def _names_in(output: bytes) -> list[str] | None:
    """A locustfile may print something, too, while it is loaded."""
    for line in output.splitlines():
        with suppress(orjson.JSONDecodeError):
            if isinstance(found := orjson.loads(line), list):
                return found
    return None


def _complaint(output: str) -> str:
    """What it says of its error, as argparse and we write it, without secrets; else its last line."""
    lines = [line.strip() for line in output.splitlines() if line.strip()] or ["it ends without a word"]
    errors = (line for line in reversed(lines) if "error: " in line)
    found = next(errors, lines[-1])
    return redaction().without_secrets(found.partition("error: ")[2] or found)


def words(plan: Plan, point: Point) -> list[str]:
    """What makes a load that of a point, for locust, and how many processes make it."""
    said = of_point(plan, point)
    if plan.workers:
        port = str(free_port())
        said += ["--processes", str(plan.workers), "--master-bind-port", port, "--master-port", port]
    return said


def of_point(plan: Plan, point: Point) -> list[str]:
    """An open loop's rate, and the scenario's options."""
    said: list[str] = []
    rate = point.get(RATE)
    if rate is not None:
        known = found_in(plan.locust_args).arrival is not None or "arrival" in point.options
        said += [*(() if known else ("--arrival", "constant")), "--rate", str(rate)]
    return said + [word for name, value in point.options.items() for word in (flag(name), str(value))]
