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
from profiler.listeners import Listeners, listening
from profiler.stacks import followed
from records.exit_codes import USAGE
from records.files import LineFile

_INTERVAL_S = 0.1


@click.command()
@click.option("--pid", "pids", type=int, multiple=True)
@click.option("--port", type=int)
@click.option("--output", type=click.Path(path_type=Path, dir_okay=False), required=True)
def command(pids: tuple[int, ...], port: int | None, output: Path) -> None:
    """Look into processes that run, and into what they start, until SIGTERM."""
    ours = {os.getpid(), starter := os.getppid()}

    on_port: list[Listeners] = []

    def wanted() -> Iterator[int]:
        on_port[:] = [listening(port)] if port else []
        roots = [*pids, *(pid for found in on_port for pid in found.pids)]
        yield from dict.fromkeys(pid for pid in followed(roots) if pid not in ours)

    ended: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: ended.append(number))
    file: LineFile | None = None

    def write(lines: bytes) -> None:
        if file is not None:
            file.append(lines)

    try:
        looking = Looking(wanted, write, _INTERVAL_S)
    except AttachError as error:
        nobody = [found.told() for found in on_port if not found.pids and not pids]
        click.echo(f"error: {next(iter(nobody), error)}", err=True)
        sys.exit(USAGE)
    try:
        file = LineFile(output)
        while not ended and os.getppid() == starter:
            looking.step()
    finally:
        for line in looking.end():
            click.echo(line, err=True)


if __name__ == "__main__":
    command()
