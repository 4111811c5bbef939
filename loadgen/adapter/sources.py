"""Where an option was given that is refused, if not on the command line: a variable, or a file of options."""

from __future__ import annotations

import re
from typing import Any

from records.secrets.urls import blank_given

_FLAG = re.compile(r"(?:argument )?(--?[A-Za-z][\w-]*)")
"""How a complaint begins, argparse's or ours."""
_ENVIRONMENT, _FILE = "environment_variables", "config_file|"
"""What configargparse calls them."""
_parsers: list[Any] = []


def watch(parser: Any) -> None:
    """From here on `sourced` knows what this parser of locust was given, and its own complaints do."""
    _parsers[:] = [parser]
    complain = parser.error
    parser.error = lambda message: complain(blank_given(sourced(message)))


def sourced(message: str) -> str:
    """The message; with the source behind it where its option came from elsewhere than the command line."""
    found = _FLAG.match(message)
    for parser in _parsers if found else ():
        for source, given in parser.get_source_to_settings_dict().items():
            for key, (action, _) in given.items():
                if action is None or found is None or found[1] not in action.option_strings:
                    continue
                if source == _ENVIRONMENT:
                    return f"{message} (from {key} in the environment)"
                if source.startswith(_FILE):
                    return f"{message} (from {source.removeprefix(_FILE)})"
    return message


def of_files() -> dict[str, list[str]]:
    """By file of options, the flags of what was taken from it: locust reads some without being told to."""
    found: dict[str, list[str]] = {}
    for parser in _parsers:
        for source, given in parser.get_source_to_settings_dict().items():
            if source.startswith(_FILE):
                flags = [
                    action.option_strings[-1] if action else f"--{key}" for key, (action, _) in given.items()
                ]
                found[source.removeprefix(_FILE)] = flags
    return found
