"""What else a sweep looks at of apps that it starts, where it is asked to: their spans and their stacks."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sweep.beside.ended import Ended
from sweep.beside.watcher import longest_seconds, watching
from sweep.deployments.protocol import Endpoint
from sweep.planning.plan import Plan
from sweep.running.cpus import Cpus
from sweep.running.errors import UsageError
from sweep.running.ledger import Ledger
from sweep.running.processes import Child
from sweep.running.spans import check_otlp


def check_seen(plan: Plan) -> None:
    """Raises UsageError for what cannot be looked at."""
    asked = [name for name, wanted in (("--otlp", plan.otlp), ("--stacks", plan.stacks)) if wanted]
    if asked and not plan.starts_here:
        raise UsageError(f"{' and '.join(asked)}: only for what the sweep starts (run:COMMAND)")
    if plan.otlp:
        check_otlp()
    beside = Path(sys.executable).parent / "py-spy"
    if plan.stacks and not beside.is_file() and shutil.which("py-spy") is None:
        raise UsageError("--stacks needs py-spy: pip install '.[stacks]'")


@contextmanager
def taking_stacks(
    plan: Plan, endpoint: Endpoint, output: Path, log: Path, ledger: Ledger, cpus: Cpus, ended: Ended
) -> Iterator[None]:
    """Take a target's stacks meanwhile, if the plan says so. A cell is none the worse where that fails;
    ``ended`` is told where it was killed."""
    if not plan.stacks or not endpoint.pids:
        yield
        return
    argv = ["-m", "profiler.stacks", "--output", str(output)]
    argv += ["--duration", f"{longest_seconds(plan):g}"]
    argv += [word for pid in endpoint.pids for word in ("--pid", str(pid))]
    # The key is in its environment: what repeats it is blanked.
    child = Child(argv, log=log, ledger=ledger, env=os.environ, cpus=cpus.load)
    with watching(child, "the process that takes stacks", has_begun=output.exists, ended=ended):
        yield
