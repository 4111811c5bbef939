"""How a sweep reaches running services: as its load does, by the same words."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from reach.failure import ReachError
from reach.key import KEY_VARIABLE, key_of, request_headers
from reach.options import Reach, reach_of
from records.given_files import GivenFileError, check_given
from sweep.llm import named_llm
from sweep.options import FILES, found_in
from sweep.plan import Plan
from sweep.running.errors import UsageError


def with_whole_paths(words: Sequence[str]) -> tuple[str, ...]:
    """The words in which files are named from the root: a run may be resumed from another folder."""
    found, whole = vars(found_in(words)), list(words)
    for flag in FILES:
        given = found[flag.removeprefix("--").replace("-", "_")]
        for place, word in enumerate(words if given else ()):
            name, equals, value = word.partition("=")
            if equals and value == given and flag.startswith(name) and name.startswith("--"):
                whole[place] = f"{name}={os.path.abspath(given)}"
            elif word == given and place and _begins(flag, words[place - 1]):
                whole[place] = os.path.abspath(given)
    return tuple(whole)


def _begins(flag: str, word: str) -> bool:
    return len(word) > len("--") and flag.startswith(word)


def reach_of_plan(plan: Plan, environment: Mapping[str, str]) -> Reach:
    """How the load of this plan reaches its targets."""
    return reach_of(found_in(plan.locust_args), environment)


def headers_of_plan(plan: Plan, environment: Mapping[str, str]) -> dict[str, str]:
    """What the load of this plan says to its targets in each request, the key among it. Raises ReachError."""
    found = found_in(plan.locust_args)
    return request_headers(found.header, key_of(environment), found.key_header)


def check_reach(plan: Plan, environment: Mapping[str, str]) -> None:
    """Fail before anything starts. Raises UsageError for a file, a proxy, a header that cannot be used."""
    reach, questions = reach_of_plan(plan, environment), found_in(plan.locust_args).questions
    try:
        if questions:
            check_given(questions)
        headers_of_plan(plan, environment)
        reach.tls.check()
        for target in plan.targets:
            target.kind.check_reach(reach)
    except ReachError as error:
        raise UsageError(str(error)) from error
    except GivenFileError as error:
        raise UsageError(f"--questions {questions}: {error}") from error


def given_in(plan: Plan, environment: Mapping[str, str]) -> list[str]:
    """The variables that this run was given something by which is kept nowhere."""
    named = (KEY_VARIABLE, *(("OPENAI_BASE_URL", "OPENAI_API_KEY") if named_llm(plan) else ()))
    return [name for name in named if environment.get(name)]


def check_given_again(names: Sequence[str], environment: Mapping[str, str]) -> None:
    """Raises UsageError where a run that is resumed would be measured without what it had."""
    missing = [name for name in names if not environment.get(name)]
    if missing:
        raise UsageError(
            f"--resume: this run was begun with {' and '.join(missing)} in the environment, whose values are "
            "not kept; set the same again"
        )
