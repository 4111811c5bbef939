"""Waiting for what looks on beside a load, so that it has begun before the load does.

On the load's CPUs Locust comes before all that is not real-time, and who looks on has what it leaves: of a
load that never waits 5 % of a CPU, which the kernel keeps from real-time programs for all others. To take
samples costs 0.6 % of a core, so that is enough, and nobody who looks on needs a priority that would keep the
load waiting. To start does not: Python and what it imports take 0.5 s of CPU, which is 10 s then, longer than
a short load. Who looks on would be told to end before it had begun.
"""

from __future__ import annotations

import time
from pathlib import Path

from sweep.running.processes import Child

_LIMIT_SECONDS = 20.0
"""For a process to start, on a busy machine."""
_POLL_SECONDS = 0.02


def wait_begun(child: Child, file: Path) -> None:
    """Until it has made its file, has ended, or took too long: a cell is none the worse without it."""
    ends = time.monotonic() + _LIMIT_SECONDS
    while not file.exists() and child.exit_code() is None and time.monotonic() < ends:
        time.sleep(_POLL_SECONDS)
