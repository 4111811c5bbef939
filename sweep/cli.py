"""``sweep``: every variant at every point, interleaved, then the report."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from contextlib import suppress
from difflib import get_close_matches
from pathlib import Path
from typing import Any, NoReturn

import click
from click.core import ParameterSource

from reach.flags import reaching
from records.errors import RecordError
from records.exit_codes import FAULT, INTERRUPTED, USAGE
from records.files import discard, in_words
from records.options.given_paths import GivenPath
from records.options.grouped import Grouped
from records.options.seed import drawn
from records.secrets.urls import blank_given
from sweep.beside.reaching import check_given_again, check_reach
from sweep.choosing.preview import preview
from sweep.deployments.catalogue import DEFAULT, forms
from sweep.help import FIRST, GROUPS, LAST
from sweep.measuring import whole
from sweep.measuring.directory import alone, given_before, load
from sweep.measuring.targets import check_services
from sweep.mending.fixing import MOST_FIXES
from sweep.mending.given_fixes import check_fixes, parse_fixes
from sweep.mending.trying import AFTERWARDS, BESIDE_IT, OPTION, refuse_beside, tries_fixes, try_fixes_of
from sweep.mending.trying import given as was_given
from sweep.planned import planned
from sweep.planning.dialling import check_no_length
from sweep.planning.division import divided
from sweep.planning.load_words import OWN, options_for
from sweep.planning.plan_options import with_options
from sweep.planning.scenario import declared
from sweep.planning.target_options import with_target_options
from sweep.running import cpus as division
from sweep.running.errors import UsageError
from sweep.running.interrupts import interruptible

_SCENARIO = "stream"
"""Whose options stand for those of all loads, where the command line was not understood."""
NEAR = 0.8
"""How alike an option has to be to one that was written wrong; click's own guesses are wilder."""


@click.command(
    cls=Grouped,
    groups=GROUPS,
    help=FIRST,
    epilog=LAST,
    context_settings={"max_content_width": 104, "help_option_names": ["-h", "--help"]},
)
@click.option(
    "--config",
    "variants",
    multiple=True,
    metavar="NAME[:KEY=VALUE,...]",
    help="A variant: a name, and the settings of the service that it stands for; repeatable. Names that come "
    "with their settings: baseline, mock-embeddings, mock-llm, mock-both; as-is is a running service. Any "
    "other without settings is the plain app. [default: these four; as-is for a running service]",
)
@click.option(
    "--concurrency",
    metavar="auto|N,N,...",
    help="Numbers of users, short for --grid users=N,N. auto: 1, 10 and 20, more until throughput stops "
    "growing (the knee), then levels beside the knee. [default: auto]",
)
@click.option(
    "--grid",
    multiple=True,
    metavar="NAME=V,V",
    help="A factor, each of whose values is measured with each of the others'; repeatable: users, rate "
    "(requests a second of an open loop; constant, unless --arrival after -- says otherwise), or an option "
    "of the scenario (max-tokens=16,256). [default: none but users]",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="KEY=VALUE",
    help="A setting of all variants that have no value of their own for it; repeatable. [default: none]",
)
@click.option(
    "--deployment",
    "deployments",
    multiple=True,
    metavar="[LABEL=]SPEC",
    help=f"Where the service runs: {forms()}; repeatable. COMMAND is started without a shell, in this "
    "folder, with the settings in its environment; {port} in it is the port to listen on (PORT says it, "
    f"too). [default: {DEFAULT}, the reference app]",
)
@with_target_options
@click.option(
    "--budget",
    default=None,
    metavar="TIME",
    help="End the sweep after this long (90s, 5m, none). [default: 330s for --concurrency auto, else none]",
)
@with_options
@click.option(
    "--output",
    type=GivenPath(file_okay=False),
    default=Path("results"),
    show_default=True,
    help="Where results directories are made.",
)
@click.option(
    "--resume",
    type=GivenPath(file_okay=False),
    metavar="DIR",
    help="Measure what is missing in a run that was cut short. [default: a new run]",
)
@tries_fixes
@reaching
@click.option("--plan-only", is_flag=True, help="Print what would be measured, and start nothing.")
@click.argument("locust_args", nargs=-1, type=click.UNPROCESSED)
def command(
    resume: Path | None,
    try_fixes: str | None,
    fixes: tuple[str, ...],
    output: Path,
    plan_only: bool,
    locust_args: tuple[str, ...],
    **given: Any,
) -> None:
    """What was given, to a plan that is measured; ends with an exit code."""
    if resume is not None:
        refuse_beside("--resume DIR", ("resume",), "takes the run's own plan")
        sys.exit(_resumed(resume))
    remedies, own_seed = parse_fixes(fixes), given["seed"] if was_given("seed") else drawn()
    if remedies and try_fixes is None:
        raise UsageError("--fix says what --try-fixes tries: give both")
    if try_fixes is not None and try_fixes != AFTERWARDS:
        refuse_beside(OPTION, BESIDE_IT, "takes the run's own plan")
        where = output if was_given("output") else Path(try_fixes).absolute().parent
        repeats = given["repeats"] if was_given("repeats") else None
        more: dict[str, Any] = {"repeats": repeats, "plan_only": plan_only}
        sys.exit(try_fixes_of(Path(try_fixes), remedies, output=where, seed=own_seed, **more))
    if locust_args and "--" not in sys.argv:
        raise UsageError(f"unexpected {locust_args[0]!r}; what is meant for locust goes after --")
    _check_side(locust_args, given["scenario"])
    if given["dial"]:
        check_no_length(was_given)
        if click.get_current_context().get_parameter_source("repeats") is ParameterSource.DEFAULT:
            given["repeats"] = 1  # its interval is of windows
    plan = planned(given, locust_args, os.environ)
    whole.need_report()
    check_services(plan, os.environ, ask=not plan_only)
    check_fixes(plan, remedies)
    if plan_only:
        then = [] if try_fixes is None else [f"then, of what is found, up to {MOST_FIXES} fixes"]
        whole.print_out("\n".join([*preview(plan), *then]) + "\n")
        return
    directory, code = whole.run_new(output, plan)
    if try_fixes is not None:
        fixed = try_fixes_of(directory, remedies, output=output, seed=own_seed)
        code = code or fixed
    sys.exit(code)


def _check_side(locust_args: Sequence[str], scenario: str) -> None:
    """Raises UsageError for an option of the sweep's that was written after ``--``."""
    own = {flag for param in command.params for flag in param.opts if flag.startswith("--")}
    of_load = {*OWN, *(flag for option in options_for(locust_args, scenario) for flag in option.flags)}
    for word in locust_args:
        if (flag := word.partition("=")[0]) in own - of_load:
            raise UsageError(f"{flag} is an option of sweep itself: write it before --, not after it")


def _resumed(directory: Path) -> int:
    plan = load(directory)
    check_given_again(given_before(directory), os.environ)
    check_reach(plan, os.environ)
    divided(plan, division.available())
    whole.need_report()
    with alone(directory):
        return whole.run_sweep(directory, plan)


def main(arguments: list[str] | None = None, prog_name: str = "sweep") -> None:
    """The console script: one clear line and an exit code for whatever goes wrong."""
    try:
        with interruptible():
            command.main(args=arguments, prog_name=prog_name, standalone_mode=False)
    except (click.Abort, KeyboardInterrupt) as error:
        _end("sweep: interrupted", INTERRUPTED, error.__cause__ or error)  # click's own is of what it met
    except click.NoSuchOption as error:
        _refuse(_no_option(error), USAGE)
    except click.ClickException as error:
        _refuse(error.format_message(), USAGE)
    except UsageError as error:
        _refuse(str(error), USAGE, error)
    except OSError as error:
        _refuse(in_words(error), FAULT, error)
    except (RuntimeError, RecordError) as error:
        _refuse(str(error), FAULT, error)


def _no_option(error: click.NoSuchOption) -> str:
    """What to say where an option is the load's, perhaps."""
    if error.option_name == "--rate":
        return "--rate is a factor: --grid rate=N,N measures an open loop, whatever the number of users"
    if error.option_name in OWN:
        return f"{error.option_name} is no option of sweep: {OWN[error.option_name]}"
    with suppress(UsageError, RuntimeError):  # who cannot say it is not to hide what was wrong
        for option in declared(_SCENARIO):
            if error.option_name in option.flags:
                if option.flag in OWN:
                    return f"{error.option_name} is no option of sweep: {OWN[option.flag]}"
                return f"{error.option_name} is an option of the load: write it after --, not before it"
    near = get_close_matches(error.option_name, error.possibilities or (), n=1, cutoff=NEAR)
    hint = f"; did you mean {near[0]}?" if near else ""
    return f"there is no option {error.option_name}{hint} (options of the load go after --)"


def _refuse(why: str, code: int, error: BaseException | None = None) -> NoReturn:
    """As every command says what went wrong."""
    _end(f"error: {blank_given(why)}", code, error)


def _end(line: str, code: int, error: BaseException | None = None) -> NoReturn:
    """The last line is what can be done with what was measured, if anything was: a note of the error's."""
    try:
        click.echo("\n".join([line, *getattr(error, "__notes__", ())]), err=True)
    except BrokenPipeError:
        discard(sys.stderr)
    sys.exit(code)
