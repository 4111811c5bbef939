"""The words that a cell's locust is told: those that only the sweep says, a scenario's factors, and what a
user wrote after ``--``."""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NoReturn

from records.cells.point import RATE, VIA, Point
from records.options.numbers import meant_as_number
from records.secrets.header_rules import looks_like_key
from records.secrets.secret_names import (
    is_utf8,
    secret_in_field,
    secret_in_header,
    secret_in_query,
    shown,
)
from sweep.planning.plan import Plan
from sweep.planning.scenario import Declared, declared
from sweep.running.errors import UsageError
from sweep.running.processes import free_port

PAIR = "NAME=VALUE"
_CELL = "the sweep names the cells and where they are kept"
_PROCESSES = "--workers N before -- is how many processes make the load"
_USERS = "the numbers of users are what --concurrency says"
OWN: Mapping[str, str] = {
    "--locustfile": "what is asked is what --scenario says",
    "--config": "the plan would not show what such a file says; write each option after --",
    "--config-users": _USERS,
    "--host": "the service is what --deployment says",
    "--users": _USERS,
    "--spawn-rate": "all users of a cell start at once; --concurrency says how many",
    "--run-time": "a cell's length is what --requests N and --max-seconds SECONDS before -- say",
    "--requests": "say --requests N before --",
    "--max-seconds": "say --max-seconds SECONDS before --",
    "--warmup-requests": "say --warmup-requests N before --",
    "--rate": "the rates of an open loop are what --grid rate=N,N says",
    "--results": _CELL,
    "--run-name": _CELL,
    "--cell-name": _CELL,
    "--cell-spec": "the sweep says what each cell is to be",
    "--turn": "the sweep has each load and repeat ask in another order",
    "--drawn-seed": "say --seed N before --, or --question-seed N after it",
    "--processes": _PROCESSES,
    "--master": _PROCESSES,
    "--worker": _PROCESSES,
    "--master-host": _PROCESSES,
    "--master-port": _PROCESSES,
    "--master-bind-host": _PROCESSES,
    "--master-bind-port": _PROCESSES,
    "--expect-workers": _PROCESSES,
    "--connect-to": "where the load connects is what --deployment and --regions say",
    "--headful": "a cell has no web UI",
    "--autostart": "a cell has no web UI",
}
"""What only the sweep says to a cell's locust, by `own_words`, or on purpose does not: nobody else says it,
after ``--`` or as a factor, for the plan and the cell's name would not be true. With what says it instead."""


def own_words(values: Mapping[str, str]) -> list[str]:
    """Words by which the sweep makes a cell what its plan says. All of them are in `OWN`."""
    missing = values.keys() - OWN.keys()
    if missing:
        raise KeyError(f"nobody is kept from overruling {', '.join(sorted(missing))}")
    return [word for flag, value in values.items() for word in (flag, value)]


class _Parser(argparse.ArgumentParser):
    """Finds options as locust's own parser will: abbreviated, or with their value in the same word."""

    def __init__(self, options: Sequence[Declared]) -> None:
        super().__init__(add_help=False, argument_default=argparse.SUPPRESS)
        for option in options:
            self.add_argument(*option.flags, dest=option.name, **option.arguments)

    def error(self, message: str) -> NoReturn:
        # The message may hold a value.
        raise UsageError(
            "after --, write locust's options in full, each with its value, and one that begins with a dash "
            "behind an equals sign: --field=-abc"
        )


def options_for(words: Sequence[str], scenario: str) -> tuple[Declared, ...]:
    """What the words may mean; without words nobody is asked."""
    return declared(scenario) if words else ()


def found_in(words: Sequence[str], scenario: str) -> dict[str, Any]:
    """The options that were given among these words, by the names of their values. Raises UsageError."""
    return vars(_Parser(options_for(words, scenario)).parse_known_args(words)[0])


def parse_locust_args(words: Sequence[str], scenario: str) -> tuple[str, ...]:
    """What followed ``--``, for locust.

    Raises:
        UsageError: what looks like a secret, for run.json keeps these words; what the sweep itself says to
            locust; bytes that are no UTF-8, which it cannot keep.
    """
    if not all(map(is_utf8, words)):
        raise UsageError("what follows -- is to be UTF-8")
    found = found_in(words, scenario)
    for option in options_for(words, scenario):
        if option.name not in found:
            continue
        if option.flag in OWN:
            raise UsageError(f"{option.flag} does not go after --: {OWN[option.flag]}")
        secret = next(_secrets(option, found[option.name]), None)
        if secret:
            raise UsageError(
                f"{shown(secret)} does not go after --, where it is kept: give a key as TARGET_API_KEY"
                f"{', or the header in TARGET_HEADERS' if option.flag == '--header' else ''}"
            )
        if option.flag == "--header" and (name := _with_key(found[option.name])):
            raise UsageError(
                f"the value of header {shown(name)} looks like a key and does not go after --, where it is "
                "kept: a key goes into the environment, as TARGET_API_KEY with --key-header NAME; what is "
                "none, too, as TARGET_HEADERS='NAME=VALUE' (the value of a header whose name ends in id, "
                "tenant, project and the like is kept)"
            )
    return tuple(words)


def check_min_seconds(plan: Plan) -> None:
    """Raises UsageError where a cell would end before the least time that it is to take."""
    text, longest = found_in(plan.locust_args, plan.scenario).get("min_seconds"), plan.cell_seconds[1]
    if text is None or not meant_as_number(text) or not longest < (least := float(text)) < math.inf:
        return  # what is no number is refused by the load
    instead = "leave it out" if plan.dial else f"say --max-seconds {math.ceil(least)}, too, before --"
    raise UsageError(f"--min-seconds {text}: a cell ends after {longest:g} s; {instead}")


def _secrets(option: Declared, value: Any) -> Iterator[str]:
    """What in an option's value looks like a secret, by the names that it has there. Of headers, which names
    say more of, `looks_like_key` judges the look."""
    search: Callable[[str], str | None] = secret_in_query
    if option.metavar == PAIR:
        search = secret_in_header if option.flag == "--header" else secret_in_field
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and (secret := search(text)):
            yield secret


def _with_key(pairs: Sequence[str]) -> str | None:
    """The first of these headers whose value is a key by its look."""
    for pair in pairs:
        name, _, value = (part.strip() for part in pair.partition("="))
        if looks_like_key(name, value):
            return name
    return None


def flag(name: str) -> str:
    """A factor as the scenario's option: ``max_tokens`` is ``--max-tokens``."""
    return f"--{name.replace('_', '-')}"


def by_default(point: Point) -> list[str]:
    """What is said before the words after ``--``, which may say otherwise: how requests come at a rate."""
    return [] if point.get(RATE) is None else ["--arrival", "constant"]


def of_point(point: Point) -> list[str]:
    """An open loop's rate, and the scenario's options."""
    rate = point.get(RATE)
    said = [] if rate is None else own_words({"--rate": str(rate)})
    own = {name: value for name, value in point.options.items() if name != VIA}
    return said + [word for name, value in own.items() for word in (flag(name), str(value))]


def words(plan: Plan, point: Point, locust_args: Sequence[str]) -> list[str]:
    """What makes a load that of a point, for locust, with what followed ``--``, and how many processes make
    it. ``locust_args``: what followed ``--``, as files are called where the load runs."""
    said = [*by_default(point), *locust_args, *of_point(point)]
    if plan.processes:
        port = str(free_port())
        said += own_words(
            {"--processes": str(plan.processes), "--master-bind-port": port, "--master-port": port}
        )
    return said
