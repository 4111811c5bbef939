"""``report DIR...``: tables on the terminal, derived files beside the records."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from records.cells import layout
from records.exit_codes import FAULT, INTERRUPTED, INVALID, USAGE
from records.files import discard, in_words, of_the_disk
from records.options.given_paths import GivenPath
from records.secrets.urls import blank_given
from records.started import Importing
from reports.export_option import Export, export_of

if TYPE_CHECKING:
    from reports.analysis.analysis import Analysis


class OneLine(click.Command):
    """Says a mistake in one line, where click would show the usage, too."""

    def main(self, *args: Any, **extra: Any) -> Any:
        try:
            return super().main(*args, **{**extra, "standalone_mode": False})
        except click.MissingParameter:
            sys.exit(_refused("name the directory of a run: report results/20260101T120000Z-sweep"))
        except click.ClickException as error:
            sys.exit(_refused(error.format_message()))
        except click.Abort:
            sys.exit(INTERRUPTED)


@click.command(cls=OneLine, context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("directories", metavar="DIR...", nargs=-1, required=True, type=GivenPath())
@click.option("--json", "as_json", is_flag=True, help="Print the results as JSON and nothing else.")
@click.option(
    "--output",
    metavar="DIR",
    type=GivenPath(file_okay=False),
    help=f"Where {layout.RESULTS}, {layout.SUMMARY}, {layout.LEVELS} and {layout.REPORT} go. Default: the "
    "directory itself; with several DIRs nothing is written without it.",
)
@click.option(
    "--reference",
    metavar="NAME",
    help="The variant, or of runs of other code the run, that others are compared with. Default: the "
    "sweep's, else baseline, else the first.",
)
@click.option(
    "--export",
    callback=export_of,
    metavar="FORM[:PATH]",
    help="Write all requests, a row each with its factors, as parquet or csv (docs/pandas.md). Default PATH: "
    "requests.FORM beside the other files; without the option they are written nowhere.",
)
def main(
    directories: tuple[Path, ...],
    as_json: bool,
    output: Path | None,
    reference: str | None,
    export: Export | None,
) -> None:
    """Say what was measured and what it means, of one run or cell, or of several together.

    \b
    report results/20260101T120000Z-sweep      one run
    report results/before results/after        what changed between two
    report results/mine --json | jq .findings  for programs

    Several are pooled by their raw values. What differs in settings, code, CPUs or what was asked is not
    pooled: it has rows of its own, which are compared.

    Exit codes: 0; 1 derived files or output that cannot be written, as on a full disk; 2 a directory that is
    no results directory, or a measurement given twice; 3 a configuration without a valid cell, a cell that
    cannot be read beside others, or records that are missing; 130 interrupted.
    """
    # Before numpy is there: a thread a CPU would wait for its products, which are small, by going in circles.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    file = export and export.file(directories, output)
    try:
        code = _report(directories, as_json, output, reference)
        if export and file and code in (0, INVALID):
            code = export.write(directories, file) or code
    except KeyboardInterrupt:
        click.echo("report: interrupted", err=True)
        code = INTERRUPTED
    sys.exit(code)


def _report(directories: tuple[Path, ...], as_json: bool, output: Path | None, reference: str | None) -> int:
    """The exit code."""
    # Not at the top: they need a second, and packages that a load worker does not have.
    try:
        with Importing():
            from records.errors import RecordError
            from records.secrets.secret_names import shown
            from reports.export import write_files
            from reports.show import load
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in ("numpy", "scipy"):
            raise
        return _refused(f"{package} is not installed: pip install '.[report]'")
    try:
        analysis = load(directories, reference)
    except RecordError as error:
        return _refused(str(error))
    except OSError as error:
        return _refused(in_words(error), error)
    if reference is not None and reference not in (names := _references(analysis)):
        return _refused(f"--reference takes one of {', '.join(names)}, not {shown(reference)}")
    where = _where(directories, output)
    unwritten = None
    if where is not None:  # before anything is printed: that may fail, too
        try:
            write_files(analysis, where)
        except OSError as error:
            unwritten = error
    if not _printed(analysis, as_json):
        return FAULT
    if where is None:
        click.echo("report: several directories, so no files were written; --output DIR keeps them", err=True)
    elif unwritten is not None:
        code = _refused(f"the derived files could not be written: {in_words(unwritten)}", unwritten)
        return code if output is not None else FAULT  # where they go by themselves, nobody's words are wrong
    elif not as_json:
        tables = f"{layout.SUMMARY}, {layout.LEVELS}" if analysis.shaped else layout.SUMMARY
        click.echo(f"report: {where / layout.REPORT}, {tables} and {layout.RESULTS}", err=True)
    _say_lost(analysis)
    _say_missing(analysis)
    return analysis.exit_code


def _references(analysis: Analysis) -> list[str]:
    """By which names a row may be the one that others are held against, each once."""
    rows = [level.row for level in analysis.levels]
    names = (n for row in rows for n in (row.variant, row.config, row.difference * bool(row.told)))
    return list(dict.fromkeys(filter(None, names)))


def _say_missing(analysis: Analysis) -> None:
    """Which rows have nothing that can be believed."""
    for deployment, config in analysis.without_valid_cell:
        click.echo(f"report: {deployment}/{config} has no valid cell", err=True)
    if not analysis.levels:
        click.echo("report: there is no complete cell", err=True)


def _say_lost(analysis: Analysis) -> None:
    """Which cells cannot be read, or lack records; of several runs, in which of them."""
    from records.secrets.secret_names import harmless

    for source in analysis.sources:
        its = f"{source.name}/" if len(analysis.sources) > 1 else ""
        for lost in source.run.lost:
            what = f"cannot be read: {lost.why}" if lost.why else f"holds requests but no {layout.CELL}"
            click.echo(f"report: {harmless(f'{its}{lost.name} {what}')}", err=True)
    for cell in analysis.cells:
        for why in (part.data.lost for part in cell.parts if part.data.lost):
            click.echo(f"report: {harmless(f'{analysis.named(cell)} lacks records: {why}')}", err=True)


def _where(directories: tuple[Path, ...], output: Path | None) -> Path | None:
    """Where files go; None: several directories, and nobody said. One that was given again is said to count
    once."""
    from records.secrets.secret_names import harmless

    distinct: dict[Path, Path] = {}
    for path in directories:
        if distinct.setdefault(path.resolve(), path) is not path:
            click.echo(f"report: {harmless(str(path))} was given twice, and is read once", err=True)
    return output if output is not None or len(distinct) > 1 else directories[0]


def _printed(analysis: Analysis, as_json: bool) -> bool:
    """False: it could not be, as on a full disk, which is said."""
    import orjson

    from reports.as_json.results import results_json
    from reports.document.render import Screen
    from reports.show import show

    try:
        if as_json:
            options = orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE
            click.echo(orjson.dumps(results_json(analysis), option=options), nl=False)
        else:
            show(analysis, Screen(highlight=False))
        if sys.stdout is not None:  # closed, as by ``>&-``
            sys.stdout.flush()
    except BrokenPipeError:  # a pager that was left: the files are written all the same
        discard(sys.stdout)
    except OSError as error:
        discard(sys.stdout)
        click.echo(f"error: it could not be printed: {error.strerror or error}", err=True)
        return False
    return True


def _refused(why: str, error: OSError | None = None) -> int:
    """One clear line; exit code 2, where a disk is at fault 1."""
    click.echo(f"error: {blank_given(' '.join(why.split()))}", err=True)
    return FAULT if error is not None and of_the_disk(error) else USAGE
