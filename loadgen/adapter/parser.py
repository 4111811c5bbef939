"""Options declared in models, as arguments of locust's parser."""

from __future__ import annotations

from argparse import SUPPRESS
from collections.abc import Callable
from typing import Any

from loadgen.adapter.sources import sourced
from loadgen.engine.bounds import choice, number
from loadgen.engine.option_model import Option, OptionModel
from loadgen.engine.terminal import refuse
from reach.options import OPTIONS
from records.errors import UsageError


def add_arguments(parser: Any, *models: type[OptionModel]) -> None:
    """Declare a load's options on locust's parser (directly: group arguments never reach the web UI)."""
    parser.set_defaults(web_host="127.0.0.1")  # locust's own default is every interface, without a password
    for model in models:
        add_model(parser, model)
    for reached in OPTIONS:
        kind: dict[str, Any] = {"default": "", "metavar": reached.metavar}
        parser.add_argument(
            reached.flag, **kind if reached.metavar else {"action": "store_true"}, help=reached.text
        )


def add_model(parser: Any, model: type[OptionModel]) -> None:
    for _, field, option in model.options():
        kind = _kind(option, field.default)
        if option.hidden:
            kind["include_in_web_ui"] = False
        parser.add_argument(
            option.flag, **kind, help=SUPPRESS if option.hidden else _help(option, field.default)
        )


def _help(option: Option, default: Any) -> str:
    """With the default, as click says it; what is empty without one says in its words what that means."""
    if option.switch or default in ("", ()):
        return option.help
    return f"{option.help} [default: {default if isinstance(default, str) else f'{default:g}'}]"


def _kind(option: Option, default: Any) -> dict[str, Any]:
    if option.bounds is not None:
        return {"type": _in_one_line(number(option.flag, *option.bounds)), "default": default}
    if option.choices:
        kind = _in_one_line(choice(option.flag, option.choices))
        return {"type": kind, "choices": option.choices, "default": default}
    if option.switch:
        return {"action": "store_true"}
    named = {"metavar": option.metavar} if option.metavar else {}
    if option.many:
        return {"action": "append", "default": [], "include_in_web_ui": False, **named}
    if option.environment:
        named["env_var"] = option.environment
    return {"default": default, **named}


def _in_one_line(parse: Callable[[str], Any]) -> Callable[[str], Any]:
    """A type for argparse, which would print the whole usage before what is wrong."""

    def kind(text: str) -> Any:
        try:
            return parse(text)
        except UsageError as error:
            refuse(sourced(str(error)))

    return kind
