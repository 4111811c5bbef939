"""A whole sweep: measured, reported and printed; its process ends with the report's code."""

from __future__ import annotations

import os
import shlex
import sys
from collections import Counter
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from records.cells.folders import cell_directories, is_complete
from records.errors import RecordError
from records.files import discard
from records.started import Importing
from sweep.beside.llm import named_llm
from sweep.beside.reaching import given_in
from sweep.measuring.directory import alone, create, discarded_if_of_no_use, settled
from sweep.measuring.progress import ErrorConsole, Progress
from sweep.measuring.runner import Sweep
from sweep.planning.plan import Plan
from sweep.running.errors import UsageError

if TYPE_CHECKING:
    from reports.analysis.analysis import Analysis


def need_report() -> None:
    """Raises UsageError where a report cannot be made: better said before the hours of load. Nothing has
    begun by then."""
    try:
        with Importing():
            import reports.show  # noqa: F401  here, for a load worker has no numpy
    except ImportError as error:
        raise UsageError(f"the report needs {error.name}: pip install '.[report]'") from error


def run_new(output: Path, plan: Plan) -> tuple[Path, int]:
    """Measure all of a plan in a directory of its own under ``output``: that, and the report's exit code."""
    given_by = given_in(plan, os.environ)
    name = f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{plan.name}"
    directory = create(output, name, plan, given=given_by)
    # A new one is ours: if it can't be locked, it has failed.
    with discarded_if_of_no_use(directory), settled(directory), alone(directory):
        return directory, run_sweep(directory, plan)


def run_sweep(directory: Path, plan: Plan) -> int:
    """Measure what is missing in ``directory`` and print the report; the exit code of that. What an error
    leaves is reported, too, before it is raised."""
    from reports.notes.in_short import invalid_in_short

    try:
        with settled(directory):  # before it is reported; nobody else is at work in it
            _measure(directory, plan, ErrorConsole())
    except (UsageError, RuntimeError, RecordError, OSError):
        with suppress(RecordError, OSError):  # what ended the sweep says more than that this failed, too
            if any(is_complete(directory, folder) for folder in cell_directories(directory)):
                _reported(directory)
        raise
    analysis = _reported(directory)
    if line := invalid_in_short(analysis):  # last, for the exit code may be 0
        _say(ErrorConsole(), line)
    if sys.stderr is not None and sys.stderr.isatty():
        click.echo(f"Now: report {shlex.quote(str(directory))} (shows this again)", err=True)
    return analysis.exit_code


def _reported(directory: Path) -> Analysis:
    """The report of a run is printed: what that is of."""
    from reports.show import print_report

    console = Console()
    with console.capture() as report:  # all its files are written before the first line is printed
        analysis = print_report(directory, console)
    print_out(report.get())
    return analysis


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _measure(directory: Path, plan: Plan, console: Console) -> None:
    report = partial(_say, console)
    report(f"results: {directory}")
    if named_llm(plan):
        report("LLM: the one of OPENAI_BASE_URL, not the mock server")
    named = shlex.quote(str(directory))
    resume = f"go on with: sweep --resume {named}"
    try:
        with Progress(console) as progress:
            sweep = Sweep(directory=directory, plan=plan, progress=progress)
            sweep.run()
    except BaseException as error:  # whatever ended it, an interrupt or a fault of ours
        if any(cell_directories(directory)):
            error.add_note(f"what was measured is kept; see it with: report {named}; {resume}")
        else:
            report("nothing was measured")
        raise
    if why := sweep.course.given_up:
        report(f"given up: {why}; then {resume}")
    elif sweep.course.skipped:
        repeats = Counter(key.repeat for key in sweep.course.skipped)
        cells = ", ".join(f"{count} of repeat {repeat}" for repeat, count in sorted(repeats.items()))
        report(f"the budget ended the sweep first; cells not measured: {cells}; {resume}")
    elif sweep.course.spoiled:
        cells = ", ".join(key.path for key in sweep.course.spoiled)
        report(
            f"no time was left to measure again what the machine spoiled, or was too short: {cells}; {resume}"
        )


def print_out(text: str) -> None:
    """To standard output; a reader that has left (``| head -1``) changes nothing."""
    if sys.stdout is None:  # closed, as by ``>&-``
        return
    try:
        sys.stdout.buffer.write(text.encode(sys.stdout.encoding, "replace"))
        sys.stdout.flush()
    except BrokenPipeError:
        discard(sys.stdout)
