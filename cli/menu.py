"""A click group whose commands are known by name, sentence and example, and imported when one is used."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

import click
from click.shell_completion import CompletionItem

from records.exit_codes import USAGE

HELP = {"help_option_names": ["-h", "--help"]}


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A command, nothing of which is imported yet."""

    sentence: str
    example: str
    """What follows the command's name."""
    command: Callable[[], click.Command]
    """Imports it; for completion."""
    main: Callable[[Sequence[str], str], Any] | None = None
    """Runs it on arguments under a name, with its own signals, messages and exit codes; None: the command
    needs none of these."""


class Forward(click.Command):
    """Hands all that follows its name to the command's own ``main``, as it is: ``--help`` and ``--``, too."""

    def __init__(self, name: str, main: Callable[[Sequence[str], str], Any]) -> None:
        super().__init__(name, add_help_option=False)
        self._main = main

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.args = list(args)
        return ctx.args

    def invoke(self, ctx: click.Context) -> Any:
        return self._main(ctx.args, ctx.command_path)


class Menu(click.Group):
    """``entries`` is called for the names, so that they may lie in a room, too."""

    def __init__(self, name: str, entries: Callable[[], Mapping[str, Entry]], **more: Any) -> None:
        super().__init__(name, context_settings=HELP, subcommand_metavar="COMMAND ...", **more)
        self._entries = entries

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self._entries())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self._entries().get(cmd_name)
        if entry is None:
            return None
        if entry.main is None or ctx.resilient_parsing:  # the latter: a shell wants to know its options
            return entry.command()
        return Forward(cmd_name, entry.main)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        name = args[0]
        command = self.get_command(ctx, name)
        if command is None and not ctx.resilient_parsing:
            names = self.list_commands(ctx)
            near = get_close_matches(name.lower(), names, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
            raise click.UsageError(f"{ctx.command_path} has no command {name!r}; {hint}", ctx)
        return name if command else None, command, args[1:]

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True, color=ctx.color)
            ctx.exit(USAGE)
        return super().parse_args(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """A line and an example for each."""
        entries = self._entries()
        width = max(map(len, entries)) + 2
        formatter.write(f"\nCommands ({ctx.command_path} COMMAND --help says more):\n")
        for name, entry in entries.items():
            example = f"{ctx.command_path} {name} {entry.example}"
            formatter.write(f"  {click.style(name.ljust(width), bold=True)}{entry.sentence}\n")
            formatter.write(f"  {' ' * width}{click.style(example, fg='cyan')}\n")

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[CompletionItem]:
        """From the names alone: nothing is imported for them."""
        found = [
            CompletionItem(name, help=entry.sentence)
            for name, entry in self._entries().items()
            if name.startswith(incomplete)
        ]
        return [*found, *click.Command.shell_complete(self, ctx, incomplete)]
