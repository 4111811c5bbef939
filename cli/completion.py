"""``chokepoint completion SHELL``: click's own scripts for that shell, one for each name."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

NAME, VARIABLE = "chokepoint", "_CHOKEPOINT_COMPLETE"
"""click asks a program for completions by a variable of its name."""
SHORT = ("sweep", "report", "profile")
"""The commands that can be called without it."""


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    """Print what makes SHELL complete commands and options, those of sweep, report and profile too.

    \b
    bash  chokepoint completion bash >> ~/.bashrc
    zsh   chokepoint completion zsh >> ~/.zshrc        (after compinit)
    fish  chokepoint completion fish > ~/.config/fish/conf.d/chokepoint.fish

    For this shell alone: source <(chokepoint completion bash)
    """
    made = get_completion_class(shell)
    if made is None:
        raise click.UsageError(f"this click has no completion for {shell}")
    for name in (NAME, *SHORT):
        variable = VARIABLE if name == NAME else f"_{name.upper()}_COMPLETE"
        click.echo(made(context.find_root().command, {}, name, variable).source())
