"""``--try-fixes``: what was found in a run, mended by settings and measured beside the original."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from records.errors import RecordError
from records.options.given_paths import GivenPath
from sweep.beside.reaching import check_given_again, check_reach
from sweep.choosing.preview import preview
from sweep.choosing.search import Search
from sweep.fixes.remedy import Remedies
from sweep.measuring import whole
from sweep.measuring.directory import given_before, load
from sweep.measuring.targets import check_services
from sweep.mending.fixing import MOST_FIXES, announced, fixing_plan
from sweep.mending.given_fixes import FORM
from sweep.planning.division import divided
from sweep.planning.plan import Plan
from sweep.running import cpus as division
from sweep.running.errors import UsageError

if TYPE_CHECKING:
    from reports.analysis.analysis import Analysis

AFTERWARDS = "<this run>"
"""What ``--try-fixes`` is where no directory follows it; no folder is called so."""
OPTION = "--try-fixes DIR"
BESIDE_IT = ("try_fixes", "fixes", "repeats", "seed", "output", "plan_only")


def tries_fixes(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of fixes."""
    command = click.option(
        "--fix",
        "fixes",
        multiple=True,
        metavar=FORM,
        help="For --try-fixes: settings that fix a finding, by its code; repeatable. They are tried before "
        "those that are known (docs/sweeps.md). [default: these alone]",
    )(command)
    return click.option(
        "--try-fixes",
        metavar="[DIR]",
        is_flag=False,
        flag_value=AFTERWARDS,
        type=GivenPath(path_type=str),
        help=f"Once it is found what holds a service back, measure up to {MOST_FIXES} settings that may fix "
        "it beside the original, in a run of its own: its report has the predicted gain beside the measured "
        "one. DIR: for a run that is there; with it go --fix, --repeats, --seed, --output and --plan-only. "
        "[default: nothing is tried]",
    )(command)


def refuse_beside(option: str, own: Collection[str], why: str) -> None:
    """Raises UsageError for whatever else was given: it would be ignored."""
    context = click.get_current_context()
    for one in context.command.params:
        source = context.get_parameter_source(one.name or "")
        if one.name not in own and source is click.core.ParameterSource.COMMANDLINE:
            what = one.opts[0] if isinstance(one, click.Option) else "what follows --"
            raise UsageError(f"{option} {why}; leave out {what}")


def given(name: str) -> bool:
    """Was that option on the command line?"""
    source = click.get_current_context().get_parameter_source(name)
    return source is click.core.ParameterSource.COMMANDLINE


def try_fixes_of(
    directory: Path,
    fixes: Remedies,
    *,
    output: Path,
    seed: int,
    repeats: int | None = None,
    plan_only: bool = False,
) -> int:
    """Measure what may mend the findings of a run, in a directory of its own; the report's exit code.
    ``seed``: this run's own, for a cache may know what the other one asked.

    Raises:
        UsageError: it is no run, or cannot be measured again.
    """
    before = load(directory, OPTION)
    whole.need_report()
    analysis = _analysis(directory)
    if analysis.levels and not any(level.valid_cells for level in analysis.levels):
        whole.print_out("no fix to try: no measurement of this run is valid, so that nothing can be found\n")
        return analysis.exit_code
    found = fixing_plan(analysis, before, fixes, repeats=repeats)
    if isinstance(found, str):
        whole.print_out(f"{found}\n")
        return 0
    found = replace(found, seed=seed)
    check_given_again(given_before(directory), os.environ, OPTION)
    _check(found)
    code = found.targets[0].kept().get("code", "")
    lines = announced(found, Search(plan=found).expected_cells(), fixes, code=code)
    if plan_only:
        whole.print_out("\n".join([*lines, *preview(found)]) + "\n")
        return 0
    click.echo("\n".join(lines), err=True)
    return whole.run_new(output, found)[1]


def _analysis(directory: Path) -> Analysis:
    from reports.show import load as read

    try:
        return read([directory])
    except RecordError as error:
        raise UsageError(f"{OPTION}: {error}") from error


def _check(plan: Plan) -> None:
    """Raises UsageError for what cannot be measured on this machine, or by now."""
    check_reach(plan, os.environ)
    divided(plan, division.available())
    check_services(plan, os.environ)
