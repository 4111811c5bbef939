"""How long the thread that looks waits for its turn in Python, each time that it wakes.

A process runs Python in one thread at a time: whoever wakes waits until another one lets go of the
interpreter, which that is asked to after 5 ms (`sys.getswitchinterval`). So what a thread is late by after a
pause, less the time in which it could run and had no CPU, it waited for the interpreter, as the app's do.
"""

from __future__ import annotations

import time

from .at_once import Reader

_OWN = b"/proc/thread-self/schedstat"
"""Of whoever opens it: ns on a CPU, ns in which it waited for one, and turns."""


class Turn:
    """Of one thread, which alone asks."""

    def __init__(self) -> None:
        self._reader = Reader()
        self._file = self._reader.open(_OWN)
        self._delayed_ns: int | None = None
        self.ms: float | None = None
        """How long it waited; None: nothing tells how long it had no CPU."""

    def pauses(self) -> None:
        """Just before a pause."""
        self._delayed_ns = self._delayed()

    def wakes(self, due_s: float) -> None:
        """Just after it; by the monotonic clock it should have ended at ``due_s``."""
        late_s = time.monotonic() - due_s
        before_ns, now_ns = self._delayed_ns, self._delayed()
        if before_ns is None or now_ns is None:
            self.ms = None
        else:
            self.ms = round(max(0.0, 1e3 * late_s - (now_ns - before_ns) / 1e6), 3)

    def _delayed(self) -> int | None:
        try:
            return int(self._reader.read(self._file).split()[1])
        except (ValueError, IndexError):
            return None

    def close(self) -> None:
        self._reader.close(self._file)
        self._file = -1
