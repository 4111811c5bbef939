"""What ``sweep`` was told, by options and environment, made into values of a plan or refused. Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from records.options.base_url import split_base_url
from sweep.deployments.catalogue import DEFAULT
from sweep.planning.bounds import MOST_SECONDS
from sweep.planning.target import Target
from sweep.running.errors import UsageError

MOST_DIGITS = 9


def parse_targets(values: Sequence[str]) -> tuple[Target, ...]:
    """Deployments from repeated ``[LABEL=]SPEC``; UsageError for an unknown spec or a label used twice."""
    targets = tuple(map(Target.of, values))
    labels = [target.label for target in targets]
    if len(set(labels)) < len(labels):  # one app by two commands, say
        alike = [labels.count(label) > 1 for label in labels]
        targets = tuple(Target.of(value, long=long) for value, long in zip(values, alike, strict=True))
    check_labels(targets)
    return targets


def check_labels(targets: Sequence[Target]) -> None:
    """Raises UsageError where two deployments would lie in one folder."""
    labels = [target.label for target in targets]
    if twice := next((label for label in labels if labels.count(label) > 1), None):
        raise UsageError(
            f"two deployments have the same label, {twice}; give each its own, as in --deployment a=local"
        )


def parse_budget(text: str) -> float | None:
    """Seconds from ``90``, ``90s``, ``5m``, ``1h`` or ``none``; UsageError for anything else."""
    if text == "none":
        return None
    match = re.fullmatch(r"([0-9]+(?:\.[0-9]+)?)([smh]?)", text)
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
    if not re.fullmatch(f"[0-9]{{1,{MOST_DIGITS}}}", text) or int(text) < 1:
        raise UsageError(
            f"MAX_CONCURRENT takes a whole number of at least 1 and {MOST_DIGITS} digits, not {text!r}"
        )
    return int(text)


def deployments_of(environment: Mapping[str, str]) -> list[str]:
    """What ``--deployment`` is where it was not given: the original's environment names, else ``local``.

    Raises:
        UsageError: one of them holds no base URL.
    """
    named = {"local": "LOCAL_BASE_URL", "k8s": "K8S_BASE_URL"}
    urls = {label: environment[variable] for label, variable in named.items() if environment.get(variable)}
    for label, url in urls.items():
        try:
            split_base_url(url)
        except ValueError as error:
            raise UsageError(f"{named[label]}: {error}") from error
    return [f"{label}=url:{url}" for label, url in urls.items()] or [DEFAULT]
