"""The profiler while a cell is measured: it watches the target's processes, and scrapes what is asked for."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweep.beside.ended import Ended
from sweep.beside.scraping import scrape_words
from sweep.beside.watcher import watching
from sweep.deployments.protocol import Endpoint
from sweep.planning.load_words import found_in
from sweep.planning.plan import Plan
from sweep.running.cpus import Cpus
from sweep.running.ledger import Ledger
from sweep.running.processes import Child

_FINISH_SECONDS = 5.0
"""To write what comes of its samples."""
LEAST_INTERVAL_S, MOST_INTERVAL_S = 0.5, 1.0
SAMPLES = 8
"""Of the longest cell; more than these tell no more, and each wakes the profiler with cold caches."""


def interval_s(plan: Plan) -> float:
    """Seconds from a sample to the next."""
    return min(MOST_INTERVAL_S, max(LEAST_INTERVAL_S, plan.cell_seconds[1] / SAMPLES))


@contextmanager
def profiling(
    plan: Plan,
    endpoint: Endpoint,
    *,
    output: Path,
    log: Path,
    seconds: float,
    ledger: Ledger,
    cpus: Cpus,
    ended: Ended,
) -> Iterator[None]:
    """The profiler is at work within, if it has anything to watch or to ask, for so many ``seconds`` at most.

    ``output``: its profile.json; its other files lie beside it. ``ended``: told of one that was killed.
    """
    scrapes = scrape_words(plan, endpoint)
    if not endpoint.pids and not scrapes:
        yield
        return
    argv = ["-m", "profiler", "--quiet", "--interval", f"{interval_s(plan):g}"]
    argv += ["--duration", f"{seconds:g}", "--force", "--output", str(output)]
    argv += [word for pid in endpoint.pids for word in ("--pid", str(pid))]
    argv += scrapes
    found = found_in(plan.locust_args, plan.scenario) if scrapes else {}
    argv += [f"--sent={one}" for one in found.get("header", ())]
    # On the load's CPUs, so that it takes nothing from what it watches. The key is in its environment: what
    # repeats it is blanked.
    child = Child(argv, log=log, ledger=ledger, env=os.environ, cpus=cpus.load)
    samples = output.with_suffix(".jsonl")
    try:
        with watching(
            child, "the profiler", has_begun=samples.exists, ended=ended, finish_seconds=_FINISH_SECONDS
        ):
            yield
    finally:
        if not endpoint.pids:  # it had nothing to follow: what it saw is the load's machine
            for path in (samples, output):
                path.unlink(missing_ok=True)
