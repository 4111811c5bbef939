"""Locust's ``--logfile`` on a disk that is full: the log goes on elsewhere. No locust.

Logging itself prints a traceback for every line that it cannot write, and the line is lost.
"""

from __future__ import annotations

import logging
import sys
from contextlib import suppress
from functools import cache
from typing import Any

from loadgen.engine.terminal import warn


@cache  # locust has its command line parsed more than once
def go_on_without_it() -> None:
    """Have what locust cannot write to its log file said on standard error. Before it sets up its logs."""
    locust: Any = sys.modules.get("locust.main")
    if locust is None:
        return  # somebody else's program, with logs of its own
    set_up = locust.setup_logging

    def setup_logging(*args: Any, **more: Any) -> None:
        set_up(*args, **more)
        for handler in {*logging.root.handlers, *logging.getLogger("locust").handlers}:
            if isinstance(handler, logging.FileHandler):
                say_elsewhere(handler)

    locust.setup_logging = setup_logging


def say_elsewhere(handler: logging.FileHandler) -> None:
    """Have the handler go on with standard error once its file cannot be written, after one line of that.

    It stays in its place, with its filters: by these what is logged shows no secret."""
    given_up = handler.handleError

    def handle_error(record: logging.LogRecord) -> None:
        error = sys.exc_info()[1]
        if not isinstance(error, OSError):  # a mistake in what is logged
            given_up(record)
            return
        why = error.strerror or error
        with suppress(OSError):  # standard error may be a file of that disk, and a load does not end for it
            warn(f"cannot write --logfile {handler.baseFilename}: {why}; the log goes on here")
        stream, handler.stream = handler.stream, None  # as once it is closed
        if stream is not None:
            with suppress(OSError):
                stream.close()  # it tries once more to write what is left
        terminal = logging.StreamHandler()
        terminal.setFormatter(handler.formatter)
        handler.emit = terminal.emit  # type: ignore[method-assign]
        handler.emit(record)

    handler.handleError = handle_error  # type: ignore[method-assign]
