"""How a sweep reaches running services: as its load does, by the same words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import click

from reach.address import Address
from reach.failure import ReachError
from reach.key import KEY_VARIABLE, key_headers
from reach.options import OPTIONS, Reach, reach_of
from sweep.options import found_in
from sweep.plan import Plan
from sweep.usage import UsageError


def reaching(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of `reach`: short for the same ones after ``--``."""
    for option in reversed(OPTIONS):
        takes: dict[str, Any] = {"metavar": option.metavar, "default": ""}
        given = takes if option.metavar else {"is_flag": True}
        command = click.option(option.flag, option.name, **given, help=f"{option.text}.")(command)
    return command


def as_words(given: Mapping[str, str | bool]) -> tuple[str, ...]:
    """What was given, as the load is told."""
    return tuple(
        f"{option.flag}={given[option.name]}" if option.metavar else option.flag
        for option in OPTIONS
        if given[option.name]
    )


def reach_of_plan(plan: Plan, environment: Mapping[str, str]) -> Reach:
    """How the load of this plan reaches its targets."""
    return reach_of(found_in(plan.locust_args), environment)


def check_reach(plan: Plan, environment: Mapping[str, str]) -> None:
    """Fail before anything starts. Raises UsageError for a file, a proxy, a header that cannot be used."""
    reach = reach_of_plan(plan, environment)
    try:
        key_headers(environment.get(KEY_VARIABLE, "").strip(" "), reach.key_header)
        reach.tls.check()
        for target in plan.targets:
            if target.url is not None:
                Address(target.url, reach)
    except ReachError as error:
        raise UsageError(str(error)) from error
