"""Options of the command that are fields of the plan: all that say so by `Option`, and none beside them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import click

from records.options.number_options import Whole
from sweep.planning.option import Option
from sweep.planning.plan import Plan


def as_given(given: Mapping[str, Any]) -> dict[str, Any]:
    """What was given, for the plan's fields."""
    return {name: given[name] for name, *_ in _options()}


def with_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with these options, in the order of the fields."""
    for option in reversed([_option(*one) for one in _options()]):
        command = option(command)
    return command


def _options() -> Iterator[tuple[str, Option, Any, Any]]:
    """Name, what is said of the option, annotation and default of each field that is one."""
    hints = get_type_hints(Plan, include_extras=True)
    for one in fields(Plan):
        hint = hints[one.name]
        for said in get_args(hint)[1:] if get_origin(hint) is Annotated else ():
            if isinstance(said, Option):
                yield one.name, said, hint, one.default if said.default is None else said.default


def _option(name: str, said: Option, hint: Any, default: Any) -> Callable[..., Any]:
    kind = get_args(hint)[0]
    flag = said.flag or f"--{name.replace('_', '-')}"
    known = default is not None and not callable(default)
    shown = known and default is not False and default != ""  # 0 is a default, and equals False
    taken: dict[str, Any] = {"default": default, "show_default": shown}
    if kind is bool and default:
        flag = f"{flag}/--no-{flag.removeprefix('--')}"
    elif kind is bool:
        taken["is_flag"] = True
    elif kind is int:
        taken["type"] = _whole(hint)
    elif get_origin(kind) is tuple:
        taken = {"multiple": True}
    return click.option(
        flag, name, **taken, metavar=said.metavar, envvar=said.envvar, show_envvar=False, help=said.text
    )


def _whole(hint: Any) -> Whole:
    bounds = [one for meta in get_args(hint)[1:] for one in getattr(meta, "metadata", ())]
    least, most = (
        next((getattr(one, at) for one in bounds if hasattr(one, at)), None) for at in ("ge", "le")
    )
    return Whole(least, most)
