"""Probes from outside while a cell is measured: a process beside the profiler, begun before the load."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from reach.flags import as_words
from records.evidence.probe import IDLE_TAKEN, MOST_PATHS
from records.options.which import which
from records.secrets.secret_names import path_trouble
from sweep.beside.ended import Ended
from sweep.beside.watcher import longest_seconds, watching
from sweep.planning.load_words import found_in
from sweep.planning.plan import Plan
from sweep.running.cpus import PROBES_PRIORITY, Cpus
from sweep.running.errors import UsageError
from sweep.running.ledger import Ledger
from sweep.running.processes import Child

IDLE = 20
"""Of each kind, before the load: what the loaded ones are held against."""
_IDLE_LIMIT_SECONDS = 10.0
"""For the process to start, too, on a busy machine; it ends the idle ones by itself after 2 seconds."""
_FINISH_SECONDS = 2.0


def check_paths(paths: Sequence[str], *, probes: bool) -> None:
    """Raises UsageError for paths that cannot be probed, or would not be."""
    if paths and not probes:
        raise UsageError("--probe-path is what probes ask for; --no-probes switches them off")
    if len(paths) > MOST_PATHS:
        raise UsageError(f"--probe-path is given {MOST_PATHS} times at most: more would be a load")
    for number, path in enumerate(paths, start=1):
        if trouble := path_trouble("--probe-path", path):
            raise UsageError(f"{trouble}{which(number, paths)}")


@contextmanager
def probing(
    plan: Plan,
    deployment: str,
    base_url: str,
    *,
    output: Path,
    log: Path,
    ledger: Ledger,
    cpus: Cpus,
    ended: Ended,
) -> Iterator[None]:
    """Probe a target meanwhile, if the plan says so; within, enough are taken for the load to begin.

    A cell is none the worse for probes that failed: its log says why there are none. ``ended``: told of those
    that were killed.
    """
    if not plan.probes:
        yield
        return
    [target] = [one for one in plan.targets if one.label == deployment]
    found = found_in(plan.locust_args, plan.scenario)
    argv = ["-m", "profiler.probes", base_url, "--output", str(output), "--idle", str(IDLE)]
    argv += ["--duration", f"{longest_seconds(plan):g}"]
    argv += [f"--probe-path={path}" for path in plan.probe_paths or (target.cheap_path,)]
    if not target.kind.started:  # a process of our own wants no key, and is asked by no proxy
        argv += [*as_words(found), *(f"--header={one}" for one in found.get("header", ()))]
    child = Child(
        argv,
        log=log,
        ledger=ledger,
        env=None if target.kind.started else os.environ,
        cpus=cpus.load,
        realtime=PROBES_PRIORITY if cpus.realtime else 0,
    )
    with watching(
        child,
        "the probing process",
        has_begun=lambda: child.has_written(IDLE_TAKEN),
        ended=ended,
        begin_seconds=_IDLE_LIMIT_SECONDS,
        finish_seconds=_FINISH_SECONDS,
    ):
        yield
