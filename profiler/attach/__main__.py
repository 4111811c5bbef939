"""``python -m profiler.attach --pid N --output inside.jsonl``: `profile --inside` and the sweep start it.

It has its file once a process was asked to load the collector, and ends with whoever started it.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import click

from profiler.attach.looking import Looking
from profiler.attach.target import AttachError
from profiler.sampling.listeners import Listeners, listening
from profiler.stacks import followed
from reach import unshown
from records.exit_codes import INTERRUPTED, INVALID, USAGE
from records.files import LineFile
from records.options.given_paths import GivenPath
from records.secrets.lines import blank_line

_INTERVAL_S = 0.1


@click.command()
@click.option("--pid", "pids", type=int, multiple=True)
@click.option("--port", type=int)
@click.option("--output", type=GivenPath(dir_okay=False), required=True)
def command(pids: tuple[int, ...], port: int | None, output: Path) -> None:
    """Look into processes that run, and into what they start, until SIGTERM. Exit code 3: not one of them had
    loaded the collector by then."""
    ours = {os.getpid(), starter := os.getppid()}

    on_port: list[Listeners] = []

    def wanted() -> Iterator[int]:
        on_port[:] = [listening(port)] if port else []
        roots = [*pids, *(pid for found in on_port for pid in found.pids)]
        yield from dict.fromkeys(pid for pid in followed(roots) if pid not in ours)

    ended: list[int] = []
    begun = False

    def note(number: int, _: object) -> None:
        ended.append(number)
        if not begun and len(ended) == 1:  # to begin may take longer than anybody waits for our end
            sys.exit(INTERRUPTED)

    file: LineFile | None = None
    # The key is in our environment, too: whatever an app calls its functions and threads, it is not kept.
    redact = unshown.redaction(os.environ, {}).redact

    def write(lines: bytes) -> None:
        if file is not None:
            file.append(b"".join(blank_line(line, redact) for line in lines.splitlines(keepends=True)))

    looking = Looking(wanted, write, _INTERVAL_S)
    try:
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, note)
        looking.begin()
        begun = True
        file = LineFile(output)
        while not ended and os.getppid() == starter:
            looking.step()
    except AttachError as error:
        nobody = [found.told() for found in on_port if not found.pids and not pids]
        click.echo(f"error: {next(iter(nobody), error)}", err=True)
        sys.exit(USAGE)
    finally:
        begun = True
        told = looking.end()
        for line in told if file is not None else ():
            click.echo(line, err=True)
    sys.exit(0 if looking.looked else INVALID)


if __name__ == "__main__":
    command()
