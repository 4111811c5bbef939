"""Options of deployments: each a field of `StartOptions`, and here its option and which targets take it."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import click

from records.options.number_options import Number, Whole
from sweep.deployments.start_options import MOST_CORES, MOST_READY_SECONDS, READY_SECONDS
from sweep.planning.target import Target
from sweep.running.errors import UsageError

AUTO = "auto"
_PIDS = re.compile(r"[1-9]\d{0,8}(,[1-9]\d{0,8})*")


def with_target_options(command: Callable[..., None]) -> Callable[..., None]:
    """The command with all of them, and the help on commands."""
    return _waiting(_sizing(_attaching(command)))


def with_given(targets: Sequence[Target], given: Mapping[str, Any]) -> tuple[Target, ...]:
    """Targets as these options of the command say, by their names. Raises UsageError for one that none of
    them takes, or that says nothing."""
    sized = with_sizes(targets, given["as_if_cores"])
    attached = with_attached(sized, given["attach"], inside=given["inside"])
    return with_wait(attached, cwd=os.getcwd(), path=given["ready_path"], seconds=given["ready_seconds"])


def _sizing(command: Callable[..., None]) -> Callable[..., None]:
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


def _waiting(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the options of how targets are waited for, and the help on commands."""
    command = click.option(
        "--ready-seconds",
        type=Number(0, MOST_READY_SECONDS, min_open=True),
        metavar="SECONDS",
        help="How long what is started may take until it is ready. [default: what the startup probe of a pod "
        f"or Deployment allows, or its progressDeadlineSeconds; else {READY_SECONDS:g}]",
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


def _attaching(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option."""
    return click.option(
        "--attach",
        default=None,
        metavar="auto|PID,...",
        help="Look into a running service (url:) of this machine as --inside does, if it is Python 3.14 or "
        "newer: a thread of ours is loaded into its processes, and ends with the sweep. auto: those that "
        "listen on the URL's port. [default: none is looked into]",
    )(command)


def with_attached(targets: Sequence[Target], given: str | None, *, inside: bool) -> tuple[Target, ...]:
    """Targets of which the running ones are looked into as ``--attach`` says (None: not given).

    Raises:
        UsageError: there is none, it is not clear whose processes are meant, or nothing is to be looked into.
    """
    if given is None:
        return tuple(targets)
    running = [target for target in targets if target.kind.may_be_attached]
    if not running:
        raise UsageError("--attach looks into a running service (url:); there is none")
    if not inside:
        raise UsageError("--attach looks inside, and --no-inside says not to: leave one of them out")
    if given != AUTO and not _PIDS.fullmatch(given):
        raise UsageError(f"--attach takes auto, or numbers of processes with commas between, not {given!r}")
    if given != AUTO and len(running) > 1:
        raise UsageError(
            "--attach PID does not say of which of the running services; --attach auto finds those of each"
        )
    return tuple(replace(one, attach=given) if one in running else one for one in targets)
