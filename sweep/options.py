"""What ``sweep`` was told, by options and environment, made into values of a plan or refused. Pure."""

from __future__ import annotations

import argparse
import re
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

from reach.options import OPTIONS
from records.header_rules import header_trouble
from records.kept import (
    NO_FRAGMENT,
    is_secret,
    is_utf8,
    secret_in_field,
    secret_in_query,
    secret_within,
    shown,
)
from records.served import AS_IS
from sweep.deployments.catalogue import DEFAULT
from sweep.plan import BASE_LEVELS, CONFIGURATIONS, MOST_SECONDS, MOST_USERS
from sweep.running.usage import UsageError, check_base_url
from sweep.target import Target

MOST_DIGITS = 9
FILES = ("--questions", *(option.flag for option in OPTIONS if option.metavar == "FILE"))
"""Options after ``--`` that name a file."""
_OF_THE_SWEEP = {  # what each cell's locust is given: another value would make the cell's name untrue
    "host": "the service is what --deployment says",
    "users": "the numbers of users are what --concurrency says",
    "results": "the sweep names the cells and where they are kept",
    "run_name": "the sweep names the cells and where they are kept",
    "cell_name": "the sweep names the cells and where they are kept",
    "cell_spec": "the sweep says what each cell is to be",
}


def parse_levels(text: str, max_level: int | None) -> tuple[tuple[int, ...], bool]:
    """(levels, auto) from ``auto`` or a list such as ``1,5,20``.

    Raises:
        UsageError: not a whole number of at least 1, or nothing left under ``max_level``.
    """
    if text.strip() == "auto":
        levels, auto = BASE_LEVELS, True
    else:
        try:
            levels = tuple(sorted({int(part) for part in text.split(",") if part.strip()}))
        except ValueError:
            raise UsageError(f"--concurrency takes 'auto' or a list like 1,5,20, not {text!r}") from None
        auto = False
    if max_level is not None:
        levels = tuple(n for n in levels if n <= max_level)
    if levels and max(levels) > MOST_USERS:
        raise UsageError(f"--concurrency goes up to {MOST_USERS} users on one machine")
    if not levels or min(levels) < 1:
        raise UsageError(f"--concurrency {text!r} leaves no level of at least one user")
    return levels, auto


def parse_configs(values: Sequence[str]) -> tuple[str, ...]:
    """Configurations from repeated or comma-separated ``--config``; UsageError names an unknown one."""
    names = [name.strip() for value in values for name in value.split(",") if name.strip()]
    if values and not names:
        raise UsageError(
            f"--config names no configuration; there are {', '.join(CONFIGURATIONS)} and {AS_IS}"
        )
    for name in names:
        if name not in CONFIGURATIONS and name != AS_IS:
            raise UsageError(
                f"unknown configuration {name!r}; there are {', '.join(CONFIGURATIONS)} and {AS_IS}"
            )
    return tuple(dict.fromkeys(names))


def parse_targets(values: Sequence[str]) -> tuple[Target, ...]:
    """Deployments from repeated ``[LABEL=]SPEC``; UsageError for an unknown spec or a label used twice."""
    targets = tuple(map(Target.of, values))
    check_labels(targets)
    return targets


def check_labels(targets: Sequence[Target]) -> None:
    """Raises UsageError where two deployments would lie in one folder."""
    if len({target.label for target in targets}) < len(targets):
        raise UsageError("two deployments have the same label; give each its own, as in --deployment a=local")


def parse_settings(values: Sequence[str]) -> dict[str, str]:
    """Settings of the target from repeated ``--set NAME=VALUE``.

    Raises:
        UsageError: not NAME=VALUE, or a setting that belongs to ``--config`` or to the environment.
    """
    settings = {}
    for value in values:
        name, equals, text = value.partition("=")
        if not equals or not re.fullmatch(r"[A-Z][A-Z0-9_]*", name):
            raise UsageError(f"--set takes NAME=VALUE with the setting's name in capitals, not {shown(name)}")
        if name in ("USE_MOCK_EMBEDDINGS", "USE_MOCK_LLM"):
            raise UsageError(
                f"{name} is what --config chooses; use --config mock-embeddings, mock-llm, mock-both"
            )
        if is_secret(name):
            raise UsageError(f"{name} is a secret: put it into the environment, not on the command line")
        if not text.isprintable():
            raise UsageError(f"--set {name}: the value holds characters that no setting may have")
        if name == "OPENAI_BASE_URL":
            check_base_url("--set OPENAI_BASE_URL", text, key="OPENAI_API_KEY")
        if re.search(r"://[^/]*@", text):
            raise UsageError(f"--set {name}: a URL with a password would be written into run.json")
        settings[name] = text
    return settings


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
