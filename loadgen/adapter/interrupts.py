"""Ctrl-C and SIGTERM while a shape is on. No locust.

Locust joins a shape before it heeds any signal: SIGTERM would kill the process, and a second Ctrl-C in the
drain end in a traceback, both without a verdict.
"""

from __future__ import annotations

import signal
from collections.abc import Callable
from typing import Any

from loadgen.process.run import Phase, Run


def heed(
    run: Callable[[], Run | None], abort: Callable[[], object], *, before: Callable[..., object]
) -> None:
    """The first signal marks the run as interrupted, so that its shape ends at its next tick; one that comes
    while it ends already waits no longer, and has ``abort`` end what is in flight. Until there is a run
    it is handled as ``before``; after it the process ends anyway. ``abort`` is called from a signal's
    handler: it may not wait."""

    def on_signal(*_: Any) -> None:
        now = run()
        if now is None:
            before()
            return
        if now.phase is Phase.OVER:
            return
        if now.interrupt():
            abort()

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, on_signal)
