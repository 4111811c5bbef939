"""What ``sweep`` was told, by options and environment, made into values of a plan or refused. Pure."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from reach.options import OPTIONS
from records.header_rules import header_trouble
from records.secret_names import (
    NO_FRAGMENT,
    is_utf8,
    secret_in_field,
    secret_in_query,
    secret_within,
    shown,
)
from sweep.deployments.catalogue import DEFAULT
from sweep.plan import MOST_SECONDS
from sweep.running.errors import UsageError
from sweep.target import Target

MOST_DIGITS = 9
FILES = ("--questions", *(option.flag for option in OPTIONS if option.metavar == "FILE"))
"""Options after ``--`` that name a file."""
_OF_THE_SWEEP = {  # what each cell's locust is given: another value would make the cell's name untrue
    "host": "the service is what --deployment says",
    "users": "the numbers of users are what --concurrency says",
    "rate": "the rates of an open loop are what --grid rate=N,N says",
    "results": "the sweep names the cells and where they are kept",
    "run_name": "the sweep names the cells and where they are kept",
    "cell_name": "the sweep names the cells and where they are kept",
    "cell_spec": "the sweep says what each cell is to be",
}


def parse_targets(values: Sequence[str]) -> tuple[Target, ...]:
    """Deployments from repeated ``[LABEL=]SPEC``; UsageError for an unknown spec or a label used twice."""
    targets = tuple(map(Target.of, values))
    check_labels(targets)
    return targets


def check_labels(targets: Sequence[Target]) -> None:
    """Raises UsageError where two deployments would lie in one folder."""
    if len({target.label for target in targets}) < len(targets):
        raise UsageError("two deployments have the same label; give each its own, as in --deployment a=local")


class _Words(argparse.ArgumentParser):
    """Finds options as locust's own parser will: abbreviated, or with their value in the same word."""

    def __init__(self) -> None:
        super().__init__(add_help=False)
        self.add_argument("--header", action="append", default=[])
        self.add_argument("--field", action="append", default=[])
        self.add_argument("--path", default="")
        self.add_argument("--questions", default="")
        self.add_argument("-H", "--host")
        self.add_argument("-u", "--users")
        self.add_argument("--rate")
        self.add_argument("--arrival")
        self.add_argument("--results")
        self.add_argument("--run-name")
        self.add_argument("--cell-name")
        self.add_argument("--cell-spec")
        for option in OPTIONS:
            takes: dict[str, Any] = {"default": ""} if option.metavar else {"action": "store_true"}
            self.add_argument(option.flag, **takes)

    def error(self, message: str) -> NoReturn:
        # The message may hold a value.
        raise UsageError("after --, write locust's options in full, each with its value")


def found_in(words: Sequence[str]) -> argparse.Namespace:
    """The options among what followed ``--`` that a sweep has to know. Raises UsageError."""
    return _Words().parse_known_args(words)[0]


def parse_locust_args(words: Sequence[str]) -> tuple[str, ...]:
    """What followed ``--``, for locust.

    Raises:
        UsageError: a header, field or query that looks like a secret, for run.json keeps these words;
            what the sweep itself says to locust; bytes that are no UTF-8, which it cannot keep.
    """
    if not all(map(is_utf8, words)):
        raise UsageError("what follows -- is to be UTF-8")
    found = found_in(words)
    for name, why in _OF_THE_SWEEP.items():
        if getattr(found, name) is not None:
            raise UsageError(f"--{name.replace('_', '-')} does not go after --: {why}")
    if "#" in found.path:  # what stands behind it is never sent, and would be kept
        raise UsageError(NO_FRAGMENT)
    headers = [
        (name.strip(), value.strip()) for name, _, value in (one.partition("=") for one in found.header)
    ]
    trouble = header_trouble(headers)
    if trouble:
        raise UsageError(trouble)
    secret = (
        next(filter(None, (secret_within(*header) for header in headers)), None)
        or next(filter(None, map(secret_in_field, found.field)), None)
        or secret_in_query(found.path)
    )
    if secret:
        raise UsageError(
            f"{shown(secret)} does not go after --, where it is kept: give a key as TARGET_API_KEY"
        )
    return tuple(words)


def parse_budget(text: str) -> float | None:
    """Seconds from ``90``, ``90s``, ``5m``, ``1h`` or ``none``; UsageError for anything else."""
    if text == "none":
        return None
    match = re.fullmatch(r"(\d+(?:\.\d+)?)([smh]?)", text)
    seconds = float(match[1]) * {"": 1, "s": 1, "m": 60, "h": 3600}[match[2]] if match else 0.0
    if seconds <= 0:
        raise UsageError(f"--budget takes a time such as 90s, 5m or 1h, or none, not {text!r}")
    if seconds > MOST_SECONDS:
        raise UsageError("--budget goes up to a year; none is no limit")
    return seconds


def max_concurrent(environment: Mapping[str, str]) -> int | None:
    """The most users that MAX_CONCURRENT allows, or None; UsageError when it is no number of users."""
    text = environment.get("MAX_CONCURRENT")
    if not text:
        return None
    if not text.isdecimal() or len(text) > MOST_DIGITS or int(text) < 1:
        raise UsageError(
            f"MAX_CONCURRENT takes a whole number of at least 1 and {MOST_DIGITS} digits, not {text!r}"
        )
    return int(text)


def deployments_of(environment: Mapping[str, str]) -> list[str]:
    """What ``--deployment`` is where it was not given: the original's environment names, else ``local``."""
    named = [("local", "LOCAL_BASE_URL"), ("k8s", "K8S_BASE_URL")]
    return [f"{label}=url:{environment[var]}" for label, var in named if environment.get(var)] or [DEFAULT]
