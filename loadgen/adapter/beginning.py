"""Ctrl-C and SIGTERM while locust's command reads its locustfiles and makes itself ready. No locust.

What comes before its first locustfile is locust's own start, in which no scenario can do anything. From there
on, until a load begins, locust would end over Ctrl-C in a traceback, through whatever it imports; there is
nothing to end yet, so the process ends at once.
"""

from __future__ import annotations

import signal
import sys

from records.started import Importing

_importing = Importing() if "locust.main" in sys.modules else None
"""Who imports a scenario otherwise, as a test or a debugger does, hears signals in a way of their own."""
if _importing is not None:
    _importing.__enter__()


def over() -> None:
    """Ctrl-C is heard as it was before. Of SIGTERM locust has taken care, or does so next: to give that back
    would take it from locust, which Python does not know to hear it."""
    if _importing is not None:
        _importing.restore(signal.SIGINT)
