"""Looks into the processes of a service that runs already, as long as its cells are measured."""

from __future__ import annotations

import os
import socket
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from urllib.parse import urlsplit

from sweep.deployments.protocol import Setup
from sweep.running.errors import UsageError
from sweep.running.processes import Child
from sweep.running.waiting import wait_begun

_AUTO = "auto"
_START_SECONDS = 60.0


def attach(setup: Setup, base_url: str, folder: Path) -> Child:
    """A process that has the collector loaded into the service, and writes into ``folder`` what it sees.

    Raises:
        UsageError: the service is not on this machine, or cannot be looked into.
    """
    folder.mkdir(parents=True, exist_ok=True)
    output = folder / "attached.jsonl"
    output.unlink(missing_ok=True)
    child = Child(
        ["-m", "profiler.attach", *_words(setup.attach, base_url), "--output", str(output.resolve())],
        log=setup.log.with_suffix(".attach.log"),
        ledger=setup.ledger,
        env=os.environ,  # the key is in it: what repeats it is blanked
        cpus=setup.cpus.of_a_running_service().load,
    )
    try:
        if not wait_begun(child, output.exists, _START_SECONDS):
            raise UsageError(f"--attach: {child.complaint_after(_START_SECONDS).removeprefix('error: ')}")
    except BaseException:  # an interrupt, too: it has something to take back, and nobody else knows of it
        child.stop()
        raise
    return child


def _words(which: str, base_url: str) -> Sequence[str]:
    if which != _AUTO:
        return [word for pid in which.split(",") for word in ("--pid", pid)]
    parts = urlsplit(base_url)
    if not is_here(parts.hostname or ""):
        raise UsageError(
            f"--attach: {parts.hostname} is not this machine; run the sweep where the service is"
        )
    return ["--port", str(parts.port or (443 if parts.scheme == "https" else 80))]


def is_here(host: str) -> bool:
    """Is it one of this machine's own addresses? Nobody can take another one."""
    with suppress(OSError):
        for family, _, _, _, address in socket.getaddrinfo(host, 0, type=socket.SOCK_DGRAM):
            with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as tried:
                tried.bind(address)
                return True
    return False
