"""``chokepoint COMMAND ...``: finds the command, and hands it all that follows."""

from __future__ import annotations

import importlib.metadata
import os
import sys
from collections.abc import Sequence

import click

from cli.commands import entries
from cli.completion import NAME, VARIABLE
from cli.menu import Menu
from records.exit_codes import FAULT, INTERRUPTED, USAGE


def _version(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        try:
            number = importlib.metadata.version(NAME)
        except importlib.metadata.PackageNotFoundError:
            number = "(a checkout that is not installed)"
        click.echo(f"{NAME} {number}")
        context.exit()


COMMAND = Menu(
    NAME,
    entries,
    help="Find where a streaming RAG API stops scaling, and prove it.",
    params=[
        click.Option(
            ["--version"],
            is_flag=True,
            is_eager=True,
            expose_value=False,
            callback=_version,
            help="Show the version and exit.",
        )
    ],
    epilog="sweep, report and profile are commands by themselves, too. One load alone, by plain Locust: "
    "locust -f locustfiles/stream.py",
)


def colour() -> bool | None:
    """None: where the output is a terminal. https://no-color.org"""
    plain = os.environ.get("NO_COLOR") or os.environ.get("TERM") == "dumb"
    return False if plain else None


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code. A command with a ``main`` of its own says, and ends with, what it would alone."""
    try:
        code = COMMAND.main(
            args=None if arguments is None else list(arguments),
            prog_name=NAME,
            complete_var=VARIABLE,
            standalone_mode=False,
            color=colour(),
        )
    except click.ClickException as error:
        from records.secrets.urls import blank_given

        click.echo(f"error: {blank_given(error.format_message())}", err=True)
        return USAGE
    except (click.Abort, KeyboardInterrupt):
        return INTERRUPTED
    except OSError as error:  # a full disk
        from records.files import discard

        discard(sys.stdout)
        click.echo(f"error: it could not be printed: {error.strerror or error}", err=True)
        return FAULT
    return code if isinstance(code, int) else 0
