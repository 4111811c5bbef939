"""The options of reaching a service as flags of a command, and as words of another's command line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from reach.options import OPTIONS


def reaching(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with the options of `reach`, each once."""
    for option in reversed(OPTIONS):
        takes: dict[str, Any] = {"metavar": option.metavar, "default": ""}
        given = takes if option.metavar else {"is_flag": True}
        command = click.option(option.flag, option.name, **given, help=_sentence(option.text))(command)
    return command


def _sentence(text: str) -> str:
    """With its full stop, which a default stands behind."""
    said, bracket, default = text.partition(" [")
    return f"{said}.{bracket}{default}"


def as_words(given: Mapping[str, str | bool]) -> tuple[str, ...]:
    """What was given, as another command is told."""
    return tuple(
        f"{option.flag}={given[option.name]}" if option.metavar else option.flag
        for option in OPTIONS
        if given.get(option.name)
    )
