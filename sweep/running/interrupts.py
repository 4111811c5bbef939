"""What a signal does to a sweep: the first ends it in order, the second kills what that waits for."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType

from sweep.running.processes import kill_started

_ENDING = (signal.SIGTERM, signal.SIGHUP)


class Interrupts:
    """A handler of signals. To be interrupted while it ends its processes would leave some of them running,
    so the second signal does not: it kills them, and that end comes at once. From the third on nobody is kept
    waiting for anything."""

    def __init__(self) -> None:
        self._count = 0

    def __call__(self, signum: int, frame: FrameType | None) -> None:
        self._count += 1
        if self._count > 1:
            kill_started()
        if self._count != 2:
            raise KeyboardInterrupt


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Signals are heard so within, and whatever ends that, no process is left. Ctrl-C is heard so as well,
    unless whoever started the sweep does not want it to be."""
    handler, ctrl_c = Interrupts(), signal.getsignal(signal.SIGINT)
    for number in _ENDING:
        signal.signal(number, handler)
    if ctrl_c is signal.default_int_handler:
        signal.signal(signal.SIGINT, handler)
    try:
        yield
    finally:
        kill_started()
        if ctrl_c is signal.default_int_handler:
            signal.signal(signal.SIGINT, ctrl_c)
