"""``python -m profiler.probes URL``: probes beside a load, in a process of their own.

They disturb no load generator's event loop, and none disturbs them. Sweeps and ``profile --probe`` start it.
It ends when it is told to, when its time is over, and when whoever started it is gone.
"""

from __future__ import annotations

import os
import re
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import click
import orjson

from profiler.prober import Prober
from profiler.run import Stop, stop_on_signals
from reach.address import Address
from reach.failure import ReachError
from reach.flags import reaching
from reach.key import request_headers
from reach.options import reach_of
from records.evidence.probe import ACCEPT, IDLE_TAKEN, MOST_PATHS, Probe
from records.exit_codes import FAULT, USAGE
from records.files import LineFile, in_words
from records.options.given_paths import GivenPath
from records.options.which import which
from records.secrets.secret_names import path_trouble
from records.secrets.urls import blank_given

INTERVAL_S = 0.1
"""From probe to probe, of the kinds in turn: what each takes of an app is that of a connection."""
IDLE_S = 2.0
"""So long at the most the load waits for the probes before it."""
_PARENT_S = 0.5
"""How often it is seen whether whoever started this is still there."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """Where is probed, and how it is reached."""

    address: Address
    headers: Mapping[str, str] = field(repr=False)
    paths: tuple[str, ...]

    @property
    def kinds(self) -> tuple[str, ...]:
        """A proxy that is asked for whole URLs takes connections for everybody: to connect to it says nothing
        of the service."""
        direct = self.address.proxy is None or self.address.tunnel
        return ((ACCEPT,) if direct else ()) + self.paths


def wanted(
    url: str, paths: Sequence[str], given: Mapping[str, Any], environment: Mapping[str, str]
) -> Wanted:
    """``given``: ``header`` and the options of `reach`, by their names. Raises ClickException."""
    if not re.match("https?://", url):
        raise click.UsageError("a service is probed at a URL such as http://127.0.0.1:8001")
    if len(paths) > MOST_PATHS:
        raise click.UsageError(f"--probe-path is given {MOST_PATHS} times at most: more would be a load")
    for number, path in enumerate(paths, start=1):
        if trouble := path_trouble("--probe-path", path):
            raise click.UsageError(f"{trouble}{which(number, paths)}")
    try:
        reach = reach_of(_Given(given), environment)
        reach.tls.check()
        address = Address(url, reach)
        _ = address.context  # reading the system's certificates takes long enough to show in a probe
        headers = request_headers(given["header"], environment, reach.key_header)
    except ReachError as error:
        raise click.UsageError(str(error)) from error
    except ValueError:
        raise click.UsageError("what is to be probed is no base URL, such as http://127.0.0.1:8001") from None
    return Wanted(address=address, headers=headers, paths=tuple(dict.fromkeys(paths)))


class _Given:
    def __init__(self, given: Mapping[str, Any]) -> None:
        vars(self).update(given)


class _File:
    """Takes the probes of several threads; what a disk has no room for ends it all."""

    def __init__(self, path: Path) -> None:
        self._file = LineFile(path)
        self._lock = threading.Lock()
        self.trouble: OSError | None = None

    def keep(self, probe: Probe) -> None:
        try:
            with self._lock:
                self._file.append(orjson.dumps(asdict(probe), option=orjson.OPT_APPEND_NEWLINE))
        except OSError as error:
            self.trouble = error


def probe(what: Wanted, output: Path, *, idle: int, interval_s: float, duration_s: float) -> int:
    """Until it is stopped; the exit code. Raises OSError where the output cannot be written."""
    file, before = _File(output), threading.Event()
    if idle:
        before.set()
    clock_ns = time.time_ns() - time.monotonic_ns()
    probers = [
        Prober(
            kind=kind,
            address=what.address,
            headers=what.headers,
            interval_s=interval_s * len(what.kinds),
            offset_s=interval_s * place,
            keep=file.keep,
            clock_ns=clock_ns,
            idle=before,
        )
        for place, kind in enumerate(what.kinds)
    ]
    with stop_on_signals() as stop:
        began_s, parent = time.monotonic(), os.getppid()
        for prober in probers:
            prober.start()
        if idle:
            _take_idle(stop, probers, idle, began_s + IDLE_S)
            before.clear()
            print(IDLE_TAKEN, flush=True)
        ends_s = began_s + duration_s if duration_s else float("inf")
        while stop.signal is None and file.trouble is None and os.getppid() == parent:
            if (now_s := time.monotonic()) >= ends_s:
                break
            stop.wait(min(_PARENT_S, ends_s - now_s))
        for prober in probers:
            prober.finish()
    if file.trouble is not None:
        raise file.trouble
    return 0


def _take_idle(stop: Stop, probers: Sequence[Prober], idle: int, until_s: float) -> None:
    """Until there are so many of each kind, or the time is over: one that hangs keeps no load waiting."""
    while stop.signal is None and any(prober.taken < idle for prober in probers):
        if (now_s := time.monotonic()) >= until_s:
            return
        stop.wait(min(0.02, until_s - now_s))


@click.command()
@click.argument("url")
@click.option("--output", type=GivenPath(dir_okay=False), required=True)
@click.option("--probe-path", "paths", multiple=True, metavar="PATH", help="Asked with a GET. Repeatable.")
@click.option("--header", multiple=True, metavar="NAME=VALUE", help="Said with each. Repeatable.")
@click.option("--idle", default=0, type=click.IntRange(0, 1000), help="So many of each kind before the load.")
@click.option("--interval", default=INTERVAL_S, show_default=True, type=click.FloatRange(0.02, 3600))
@click.option("--duration", default=0.0, type=click.FloatRange(0), help="Seconds; 0: until it is stopped.")
@reaching
def command_line(
    url: str,
    output: Path,
    paths: tuple[str, ...],
    idle: int,
    interval: float,
    duration: float,
    **given: Any,
) -> int:
    """Probe a service: connect to it, and GET cheap paths, each on a connection of its own."""
    what = wanted(url, paths, given, os.environ)
    return probe(what, output, idle=idle, interval_s=interval, duration_s=duration)


def main(arguments: Sequence[str] | None = None) -> int:
    try:
        code = command_line.main(args=arguments, prog_name="probes", standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        print(f"error: {blank_given(error.format_message())}", file=sys.stderr)
        return USAGE
    except OSError as error:
        print(f"error: cannot go on: {in_words(error)}", file=sys.stderr)
        return FAULT


if __name__ == "__main__":
    sys.exit(main())
