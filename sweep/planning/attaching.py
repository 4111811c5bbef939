"""``--attach``: which processes of a running service are looked into."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import replace

import click

from sweep.planning.target import Target
from sweep.running.errors import UsageError

AUTO = "auto"
_PIDS = re.compile(r"[1-9]\d{0,8}(,[1-9]\d{0,8})*")


def attaching(command: Callable[..., None]) -> Callable[..., None]:
    """The command with the option."""
    return click.option(
        "--attach",
        default=None,
        metavar="auto|PID,...",
        help="Look into a running service (url:) of this machine as --inside does, if it is Python 3.14 or "
        "newer: a thread of ours is loaded into its processes, and ends with the sweep. auto: those that "
        "listen on the URL's port.",
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
