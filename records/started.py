"""How a command starts and ends under signals: quietly at any moment, with the exit code of an interrupt.

What a command imports takes it a second. An interrupt meanwhile would be a traceback, or be lost in a module
that takes it for a missing one; nothing has begun by then, so the process ends at once. Later a command hears
signals in its own way, and when it is done they have nothing left to interrupt.
"""

from __future__ import annotations

import atexit
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from types import FrameType
from typing import Any

from records.exit_codes import INTERRUPTED

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_UNTOUCHED = (signal.SIG_DFL, signal.default_int_handler)
"""Who started the command may have had one ignored, as a shell does for what runs in its background."""


def started(module: str, **given: Any) -> Any:
    """What ``main`` of a module returns, called with what is given. Raises what that raises, but for
    KeyboardInterrupt: its exit code is returned."""
    atexit.register(_ignore)  # first, so that it is called last
    with importing():
        main = import_module(module).main
    try:
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.signal(signal.SIGTERM, _interrupt)
        return main(**given)
    except KeyboardInterrupt:
        return INTERRUPTED
    finally:
        for number in _SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:
                signal.signal(number, _leave)


@contextmanager
def importing() -> Iterator[None]:
    """A signal ends the process within, at once: nothing that has to be ended is there yet."""
    if threading.current_thread() is not threading.main_thread():  # no other one may say so
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    own = [number for number, handler in before.items() if handler in (*_UNTOUCHED, _interrupt)]
    for number in own:
        signal.signal(number, _leave)
    try:
        yield
    finally:
        for number in own:
            signal.signal(number, before[number])


def _ignore() -> None:
    """Python takes handlers away as it ends: a second signal would then kill it, and lose its exit code."""
    for number in _SIGNALS:
        signal.signal(number, signal.SIG_IGN)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(INTERRUPTED)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
