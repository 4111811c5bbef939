"""How a command starts and ends under signals: quietly at any moment, with the exit code of an interrupt.

What a command imports takes it a second. An interrupt meanwhile would be a traceback, or be lost in a module
that takes it for a missing one; nothing has begun by then, so the process ends at once. Later a command hears
signals in its own way, and when it is done they have nothing left to interrupt. What comes before this module
is Python's own start: it imports as little as can be.
"""

from __future__ import annotations

import os
import signal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import FrameType
    from typing import Any

INTERRUPTED = 130
"""As `records.exit_codes` has it."""
_SIGNALS = (signal.SIGINT, signal.SIGTERM)


class Importing:
    """A signal ends the process within, at once: nothing that has to be ended is there yet. An exception
    would not only be a traceback: where one came while Python ran a text, as to make a dataclass, Python ends
    by the signal itself, without an exit code. Who started the command may have had a signal ignored, as a
    shell does for what runs in its background: it stays so. In another thread than the main one nothing is
    changed."""

    def __enter__(self) -> None:
        self._before: dict[int, Any] = {}
        for number in _SIGNALS:
            before = signal.getsignal(number)
            if before not in (signal.SIG_IGN, None):  # None: heard, but not by Python
                try:
                    signal.signal(number, _leave)
                except ValueError:  # another thread
                    return
                self._before[number] = before

    def __exit__(self, *_: object) -> None:
        for number in self._before:
            self.restore(number)

    def restore(self, number: int) -> None:
        """Have that signal heard as before, unless what was imported has a way of its own by now."""
        if number in self._before and signal.getsignal(number) is _leave:
            signal.signal(number, self._before[number])


def started(module: str, **given: Any) -> int | None:
    """What ``main`` of a module returns, called with what is given: the exit code; None is 0. Raises what it
    raises, but for KeyboardInterrupt: its exit code is returned."""
    with Importing():
        import atexit
        from importlib import import_module

        atexit.register(_ignore)  # first, so that it is called last
        main = import_module(module).main
    try:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _interrupt)
        code: int | None = main(**given)
        return code
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _leave)


def _ignore() -> None:
    """Python takes handlers away as it ends: a second signal would then kill it, and lose its exit code."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
