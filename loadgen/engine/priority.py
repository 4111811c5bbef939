"""Does this process stand back behind others (``chrt --idle``, ``nice``)? What else runs delays it."""

from __future__ import annotations

import os
from contextlib import suppress

NICE = 5
"""From here on others get three times its share of a CPU or more."""


def low_priority() -> str:
    """``idle priority`` or ``nice 19``; empty where it has the usual one, or a higher."""
    with suppress(AttributeError, OSError):  # not on every system
        policy = os.sched_getscheduler(0)
        if policy == os.SCHED_IDLE:
            return "idle priority"
        if policy in (os.SCHED_FIFO, os.SCHED_RR):  # its nice value means nothing
            return ""
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    return f"nice {nice}" if nice >= NICE else ""
