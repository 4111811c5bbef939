"""Told of each event loop as it begins and stops to run, and of servers that answer in threads; the first one
starts the thread that looks.

``CHOKEPOINT_INSIDE`` is the folder in which each process has a file of JSON lines, ``PID.jsonl``;
``CHOKEPOINT_INSIDE_MS`` the interval. Into a process that runs already it comes by `attach`, and then finds
the loops itself.
"""

from __future__ import annotations

import atexit
import os
import sys
from _thread import get_ident
from types import CodeType
from typing import Any

from .loops import runs_a_loop
from .sampler import Sampler
from .sinks import FileSink, PipeSink

FOLDER = "CHOKEPOINT_INSIDE"
INTERVAL = "CHOKEPOINT_INSIDE_MS"
_INTERVAL_MS = 100.0
_sampler: Sampler | None = None


def running(loop: Any, runs_it: CodeType) -> None:
    """``loop`` runs in this thread from now on (None: none does any more), in a function of ``runs_it``."""
    if loop is None:
        if _sampler is not None:
            _sampler.ends(get_ident())
        return
    if (sampler := _begun()) is not None:
        sampler.begins(get_ident(), loop, runs_it)


def serves() -> None:
    """A server that answers in threads begins in this process."""
    if (sampler := _begun()) is not None:
        sampler.serves()


def _begun() -> Sampler | None:
    global _sampler
    if _sampler is None and not _is_of_gevent():
        file = FileSink(os.path.join(os.environ[FOLDER], f"{os.getpid()}.jsonl"))
        _sampler = Sampler(file, _interval_ms() / 1e3, told=True)
        atexit.register(_sampler.stop)
    return _sampler


def refusal() -> str:
    """Why this process cannot be looked into; empty: it can be."""
    if _is_of_gevent():
        return "it runs on gevent, which has no threads to look from"
    return "" if "asyncio.events" in sys.modules else "it runs no event loop: asyncio is not imported there"


def attach(pipe: int, interval_s: float, thread: int, loop: Any) -> None:
    """Write samples into a pipe's end until nobody reads it, beside whoever looks already, at their interval.

    ``loop`` is what runs in ``thread`` (None: nothing does), also where the stack does not show it.
    """
    global _sampler
    sink = PipeSink(pipe)
    if _sampler is not None and _sampler.add(sink):
        return
    _sampler = Sampler(sink, interval_s, told=False)
    atexit.register(_sampler.stop)
    frame = sys._current_frames().get(thread) if loop is not None else None
    if frame is not None and (code := runs_a_loop(frame)) is not None:
        _sampler.begins(thread, loop, code)


def at_work() -> bool:
    return _sampler is not None and not _sampler.stopped


def _interval_ms() -> float:
    try:
        return max(1.0, float(os.environ.get(INTERVAL) or _INTERVAL_MS))
    except ValueError:
        return _INTERVAL_MS


def _is_of_gevent() -> bool:
    """There a thread is none, and one that waits would keep all from going on."""
    patched = getattr(sys.modules.get("gevent.monkey"), "is_module_patched", None)
    return bool(patched and patched("threading"))


def _forked() -> None:
    """The thread did not come along, so a child has one of its own, once it runs a loop."""
    global _sampler
    if _sampler is not None:
        _sampler.forked()
        atexit.unregister(_sampler.stop)
    _sampler = None


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forked)
