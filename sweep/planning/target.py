"""A deployment as it was asked for; what its spec means is for its kind to say."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Annotated, ClassVar

import click
from pydantic import ConfigDict, Field

from records.options.number_options import Number, Whole
from records.secrets.given import blank_command
from records.secrets.secret_names import path_trouble
from sweep.deployments.app_code import code_of
from sweep.deployments.catalogue import kind_of
from sweep.deployments.protocol import HEALTH_PATH, READY_SECONDS, Kind
from sweep.running.errors import UsageError

MOST_READY_SECONDS = 24 * 3600
MOST_CORES = 1024
_LABEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,80}")


@dataclass(frozen=True, kw_only=True)
class Target:
    """Its label (also its folder), its spec, and how it is waited for where the sweep starts it.

    Raises:
        UsageError: the spec is of no kind, or the label no folder's name.
    """

    __pydantic_config__: ClassVar = ConfigDict(extra="forbid")

    label: str
    spec: str
    cwd: str = ""
    """The folder in which the sweep was begun, for commands; empty: the one it is in."""
    ready_path: str = ""
    """Where a command is asked whether it is ready; empty: at its kind's own path."""
    ready_seconds: Annotated[float, Field(gt=0, le=MOST_READY_SECONDS)] = READY_SECONDS
    as_if_cores: Annotated[int | None, Field(ge=1, le=MOST_CORES)] = None
    """Of the node for which it is sized; None: of this machine."""
    attach: str = ""
    """Which processes of a running service are looked into: "auto", or numbers; empty: none."""

    def __post_init__(self) -> None:
        if not _LABEL.fullmatch(self.label):
            raise UsageError(
                f"a deployment's label takes letters, digits, '.', '_' and '-', not {self.label!r}"
            )
        _ = self.kind  # raises
        if self.ready_path and (trouble := path_trouble("--ready-path", self.ready_path)):
            raise UsageError(trouble)

    @classmethod
    def of(cls, text: str) -> Target:
        """From ``[LABEL=]SPEC``; without a label it is called what its spec names. Raises UsageError."""
        label, equals, spec = text.partition("=")
        if equals and _LABEL.fullmatch(label):
            return cls(label=label, spec=spec)
        return cls(label=kind_of(text).name, spec=text)

    @property
    def cheap_path(self) -> str:
        """What probes ask for where nothing else was said: where it is asked whether it is ready."""
        return self.ready_path or self.kind.ready_path or HEALTH_PATH

    @cached_property
    def kind(self) -> Kind:
        """What it is, and can do."""
        return kind_of(self.spec)

    def kept(self) -> dict[str, str]:
        """What makes what the sweep starts another service than one of the same label: its spec, without
        secrets, where a command ran, and the code there. Nothing of a service that runs: its address says
        which it is."""
        if not self.kind.started:
            return {}
        folder = {"folder": self.cwd} if self.cwd else {}
        if self.cwd and (code := code_of(Path(self.cwd))):
            folder["code"] = code
        node = {"as_if_cores": str(self.as_if_cores)} if self.as_if_cores else {}
        return {"spec": blank_command(self.spec), **folder, **node, **self.kind.kept()}


def check_settings(targets: Sequence[Target], by_name: Mapping[str, Mapping[str, str]]) -> None:
    """See, once a kind of deployment, that it takes these settings, by the name of whose they are. Raises
    UsageError."""
    for kind in {type(target.kind): target.kind for target in targets}.values():
        kind.check_settings(by_name)


def sizing(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option of the node that pods are sized for."""
    return click.option(
        "--as-if-cores",
        type=Whole(1, MOST_CORES),
        help="Size a pod's torch, OpenMP and default executor as on a node of so many cores, of which its "
        "quota says nothing. [default: this machine's]",
    )(command)


def with_sizes(targets: Sequence[Target], cores: int | None) -> tuple[Target, ...]:
    """Targets that are sized as on a node of so many cores. Raises UsageError where there is none."""
    if cores is not None and not any(target.kind.on_a_node for target in targets):
        raise UsageError("--as-if-cores sizes a pod; there is none (--deployment pod)")
    return tuple(replace(one, as_if_cores=cores) if one.kind.on_a_node else one for one in targets)


def waiting(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of how targets are waited for, and the help on commands."""
    command = click.option(
        "--ready-seconds",
        type=Number(0, MOST_READY_SECONDS, min_open=True),
        metavar="SECONDS",
        help=f"How long what is started may take until it is ready. [default: {READY_SECONDS:g}]",
    )(command)
    return click.option(
        "--ready-path",
        default="",
        metavar="PATH",
        help="Where run:COMMAND is asked whether it is ready: any answer below 500 says yes. [default: /]",
    )(command)


def with_wait(targets: Sequence[Target], *, cwd: str, path: str, seconds: float | None) -> tuple[Target, ...]:
    """Targets that are waited for as ``--ready-path`` and ``--ready-seconds`` say (empty, None: not given).

    Raises:
        UsageError: it is the path of none of them, none of them is started, or that is no time.
    """
    if path and not any(target.kind.ready_path for target in targets):
        raise UsageError("--ready-path is where run:COMMAND is asked whether it is ready; there is none")
    if seconds is not None and not any(target.kind.started for target in targets):
        raise UsageError("--ready-seconds is for what the sweep starts; a running service is ready")
    found = []
    for target in targets:
        if target.kind.ready_path:
            target = replace(target, cwd=cwd, ready_path=path)
        if target.kind.started and seconds is not None:
            target = replace(target, ready_seconds=seconds)
        found.append(target)
    return tuple(found)
