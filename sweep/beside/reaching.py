"""How a sweep reaches running services: as its load does, by the same words."""

from __future__ import annotations

import os
from argparse import Namespace
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from typing import Any

from reach.failure import ReachError
from reach.key import VARIABLES, request_headers
from reach.options import OPTIONS, Reach, reach_of
from records.options.given_files import GivenFileError, check_given
from sweep.beside.llm import named_llm
from sweep.planning.load_words import found_in, options_for
from sweep.planning.plan import Plan
from sweep.running.errors import UsageError


def with_whole_paths(words: Sequence[str], scenario: str) -> tuple[str, ...]:
    """The words in which files are named from the root: a run may be resumed from another folder."""
    return with_files(words, scenario, os.path.abspath)


def with_files(words: Sequence[str], scenario: str, called: Callable[[str], str]) -> tuple[str, ...]:
    """The words in which each file that they name has another name. A file has one, however often it is
    named."""
    called = cache(called)
    found, whole = found_in(words, scenario), list(words)
    for option in options_for(words, scenario):
        flag, given = option.flag, found.get(option.name) if option.is_file else None
        for place, word in enumerate(words if given else ()):
            name, equals, value = word.partition("=")
            if equals and value == given and flag.startswith(name) and name.startswith("--"):
                whole[place] = f"{name}={called(given)}"
            elif word == given and place and _begins(flag, words[place - 1]):
                whole[place] = called(given)
    return tuple(whole)


def _begins(flag: str, word: str) -> bool:
    return len(word) > len("--") and flag.startswith(word)


def reach_of_plan(plan: Plan, environment: Mapping[str, str]) -> Reach:
    """How the load of this plan reaches its targets."""
    return reach_of(_reaching(found_in(plan.locust_args, plan.scenario)), environment)


def _reaching(found: Mapping[str, Any]) -> Namespace:
    """The options of `reach` among those that were found."""
    return Namespace(**{option.name: found.get(option.name, "") for option in OPTIONS})


def headers_of_plan(plan: Plan, environment: Mapping[str, str]) -> dict[str, str]:
    """What the load of this plan says to its targets in each request, the key among it. Raises ReachError."""
    found = found_in(plan.locust_args, plan.scenario)
    return request_headers(found.get("header", ()), environment, _reaching(found).key_header)


def check_reach(plan: Plan, environment: Mapping[str, str]) -> None:
    """Fail before anything starts. Raises UsageError for a file, a proxy, a header that cannot be used."""
    reach = reach_of_plan(plan, environment)
    _check_files(plan)
    try:
        headers_of_plan(plan, environment)
        reach.tls.check()
        for target in plan.targets:
            target.kind.check_reach(reach)
    except ReachError as error:
        raise UsageError(str(error)) from error


def _check_files(plan: Plan) -> None:
    """Raises UsageError for a scenario's file that cannot be read."""
    found = found_in(plan.locust_args, plan.scenario)
    of_reach = {option.flag for option in OPTIONS}  # which say themselves what is wrong
    for option in options_for(plan.locust_args, plan.scenario):
        if not option.is_file or option.flag in of_reach or not (path := found.get(option.name)):
            continue
        try:
            check_given(path)
        except GivenFileError as error:
            raise UsageError(f"{option.flag} {path}: {error}") from error


def given_in(plan: Plan, environment: Mapping[str, str]) -> list[str]:
    """The variables that this run was given something by which is kept nowhere."""
    named = (*VARIABLES, *(("OPENAI_BASE_URL", "OPENAI_API_KEY") if named_llm(plan) else ()))
    return [name for name in named if environment.get(name)]


def check_given_again(names: Sequence[str], environment: Mapping[str, str], option: str = "--resume") -> None:
    """Raises UsageError where a run that goes on would be measured without what it had."""
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise UsageError(
            f"{option}: this run was begun with {' and '.join(missing)} in the environment, whose values are "
            "not kept; set the same again"
        )
