"""What a load run was asked for: locust's parsed options (its web UI changes them), checked once."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from pydantic import Field

from loadgen.client.error_text import normalised
from loadgen.client.http import Origin
from loadgen.engine.option_model import OptionModel
from loadgen.engine.options import CONNECT_TO_VARIABLE, REGION_VARIABLE, LoadOptions
from loadgen.engine.task import AnyTask
from reach.connect_to import place_of
from reach.failure import ReachError
from reach.key import KEY_VARIABLE, own_headers, request_headers, secrets_of
from reach.options import DIRECT, OPTIONS, Reach, reach_of
from records.errors import UsageError
from records.files import of_the_disk
from records.secrets.given import parts_of, redaction
from records.secrets.header_rules import header_marks
from records.secrets.redaction import PIECE, Redaction
from records.secrets.secret_names import is_secret, is_utf8

OWN_VARIABLES = {"region": REGION_VARIABLE, "connect_to": CONNECT_TO_VARIABLE}
"""What each worker may have of its own, by option."""
GIVE_KEY = f"give a key as {KEY_VARIABLE}"


class Settings(LoadOptions):
    """What a load run was asked for. ``headers`` may hold secrets: they are never written anywhere, and
    ``redaction`` blanks them in what a service says."""

    headers: dict[str, str] = Field(repr=False)
    reach: Reach
    redaction: Redaction
    secrets: frozenset[str] = Field(repr=False)
    """What of them is one."""
    header_marks: dict[str, str] = Field(default_factory=dict)
    """What is kept of the values of ``headers``."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What a locustfile names: its own options, and the task that they make."""

    options: type[OptionModel]
    task: Callable[[Any, Settings], AnyTask]
    """Takes the options, and those of the load. Raises UsageError."""


def settings(options: Any, environment: Mapping[str, str] = os.environ) -> Settings:
    """The options of the load as locust parsed them (or its web UI changed them), checked.

    Raises:
        UsageError: a number out of bounds; a header that cannot be used; what would be kept and may not be:
            bytes that are no UTF-8, a secret.
    """
    values = LoadOptions.values_of(options)
    reached = {option.flag: [getattr(options, option.name)] for option in OPTIONS if option.metavar}
    # A worker's own environment wins over what the master was told: regions differ.
    for name, variable in OWN_VARIABLES.items():
        values[name] = environment.get(variable) or values[name]
    own = {variable: [values[name]] for name, variable in OWN_VARIABLES.items()}
    for flag, texts in {**reached, **own}.items():
        if not all(map(is_utf8, texts)):
            raise UsageError(f"{flag} is to be UTF-8")
    reach = reach_of(options, environment)
    try:
        place = CONNECT_TO_VARIABLE if environment.get(CONNECT_TO_VARIABLE) else "--connect-to"
        reach = replace(reach, connect_to=place_of(values["connect_to"], place))
        headers = request_headers(options.header, environment, reach.key_header)
        unkept = own_headers(environment)
    except ReachError as error:
        raise UsageError(str(error)) from error
    keys = secrets_of(environment)
    known = redaction({}, environment, keys=keys, also=normalised)
    secret = [value for name, value in headers.items() if is_secret(name)]
    wanted = Settings(
        **values,
        headers=headers,
        header_marks=header_marks(
            headers, lambda value: value in unkept.values() or known.without_secrets(value) != value
        ),
        reach=reach,
        redaction=redaction(headers, environment, keys=keys, also=normalised),
        secrets=frozenset({*keys, *(part for value in secret for part in parts_of(value))}),
    )
    _check_kept(wanted, wanted.texts() | reached)
    wanted.check_together()
    return wanted


def task_of(scenario: Scenario, options: Any, wanted: Settings) -> AnyTask:
    """What the scenario asks, by its own options among those that were parsed. Raises UsageError."""
    own = scenario.options.of(options)
    _check_kept(wanted, own.texts())
    return scenario.task(own, wanted)


def check_files(wanted: Settings, task: AnyTask) -> None:
    """Fail before the load starts, not after. Raises UsageError."""
    task.check()
    try:
        wanted.reach.tls.check()
    except ReachError as error:
        raise UsageError(str(error)) from error
    if wanted.results:
        make_results(Path(wanted.results))


def make_results(path: Path) -> None:
    """Make the folder, or see that it is empty: nothing is ever overwritten. Raises UsageError; OSError for
    the disk's sake."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        if any(path.iterdir()):
            raise UsageError(f"--results {path} is not empty; give a new folder")
        if not os.access(path, os.W_OK | os.X_OK):
            raise UsageError(f"--results {path} cannot be written to")
    except OSError as error:
        if of_the_disk(error):
            raise
        raise UsageError(f"--results {path}: {error.strerror or error}") from error


def origin_of(host: str | None, reach: Reach = DIRECT) -> Origin:
    """Raises UsageError for no host, one that is no base URL, or a file or a proxy that cannot be used."""
    if not host:
        raise UsageError("which service? Give its base URL: -H http://127.0.0.1:8001")
    try:
        origin = Origin(host, reach)
        _ = origin.context  # its files are read now, not in the midst of the load
    except ReachError as error:
        raise UsageError(str(error)) from error
    except ValueError as error:
        raise UsageError(f"-H: {error}") from error
    return origin


def _check_kept(wanted: Settings, kept: Mapping[str, Sequence[str]]) -> None:
    """See that no secret that is sent in a header is written where it would be kept. Raises UsageError."""
    for option, texts in kept.items():
        if any(len(secret) >= PIECE and secret in text for secret in wanted.secrets for text in texts):
            raise UsageError(f"{option} holds what a header has as a secret, and it is kept; {GIVE_KEY}")
