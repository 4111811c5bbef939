"""``profile --probe URL``: probes beside the samples, in a process of their own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from reach.flags import as_words, reaching

PROJECT = Path(__file__).resolve().parents[1]
_END_S = 5.0
_START_S = 30.0
"""So long a busy machine may take until the first probe."""


@dataclass(frozen=True, kw_only=True)
class Probed:
    """What ``--probe`` and its fellows said, found to be usable."""

    url: str
    paths: tuple[str, ...]
    header: tuple[str, ...] = field(repr=False)
    reach: tuple[str, ...]
    """Words of the options of `reach`."""


def probed(command: Callable[..., Any]) -> Callable[..., Any]:
    """The command with the options of probes."""
    command = reaching(command)
    command = click.option(
        "--header",
        multiple=True,
        metavar="NAME=VALUE",
        help="What each probe of a path says. Repeatable. [default: none]",
    )(command)
    command = click.option(
        "--probe-path",
        "paths",
        multiple=True,
        metavar="PATH",
        help="A cheap path that is probed, too. Repeatable, two at most. [default: none]",
    )(command)
    return click.option(
        "--probe",
        "probe",
        default="",
        metavar="URL",
        help="Probe this service every 100 ms: connect to it, in turn with --probe-path; into .probes.jsonl "
        "beside the output. TARGET_API_KEY and TARGET_HEADERS of the environment are sent to --probe-path. "
        "[default: nobody is probed]",
    )(command)


def parse(given: Mapping[str, Any], environment: Mapping[str, str]) -> Probed | None:
    """None where nothing is to be probed. Raises UsageError for what cannot be."""
    if not given["probe"]:
        others = {name: value for name, value in given.items() if value}
        if others:
            name = "probe-path" if "paths" in others else next(iter(others)).replace("_", "-")
            raise click.UsageError(f"--{name} is for probes: --probe URL says of what")
        return None
    from profiler.probes import wanted  # here, for most profiles have none, and it takes long to import

    wanted(given["probe"], given["paths"], given, environment)
    return Probed(url=given["probe"], paths=given["paths"], header=given["header"], reach=as_words(given))


@contextmanager
def probing(what: Probed | None, output: Path, never_followed: Callable[[int], None]) -> Iterator[None]:
    """Probe meanwhile; ``never_followed`` is told the process. It ends with this one, however that ends."""
    if what is None:
        yield
        return
    argv = ["-m", "profiler.probes", what.url, "--output", str(output), *what.reach]
    argv += [f"--probe-path={path}" for path in what.paths]
    argv += [f"--header={one}" for one in what.header]
    child = subprocess.Popen([sys.executable, *argv], stdin=subprocess.DEVNULL, env=_environment(os.environ))
    try:
        never_followed(child.pid)
        _await_start(child, output)
        yield
    finally:
        child.send_signal(signal.SIGTERM)
        try:
            child.wait(_END_S)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()


def _await_start(child: subprocess.Popen[bytes], output: Path) -> None:
    """Until it has made its file, so that a short profile has probes, too; one that fails says why itself."""
    until_s = time.monotonic() + _START_S
    while child.poll() is None and not output.exists() and time.monotonic() < until_s:
        time.sleep(0.02)


def _environment(given: Mapping[str, str]) -> dict[str, str]:
    """In which our modules are found from a checkout that was not installed, too."""
    path: Sequence[str] = (str(PROJECT), given.get("PYTHONPATH", ""))
    return {**given, "PYTHONPATH": os.pathsep.join(filter(None, path))}
