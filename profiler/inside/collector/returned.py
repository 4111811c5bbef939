"""Threads whose call is over, and that wait for the interpreter: by their frames they are in that call.

A thread lets go of the interpreter while it sleeps or reads, and asks for it again before it goes on. Until
it has it, only the kernel knows: it waits for a futex then, as for no sleep and no socket. Whoever looks has
waited among them, and those whose turn was before it are gone: so about half of them are seen.
"""

from __future__ import annotations

import re
from types import FrameType

from .at_once import Reader
from .codes import seen_code
from .threads import Work, work_of_thread

_LET_GO = re.compile(
    "accept|connect|poll|read(into)?|recv(_into|from|msg)?|select|send(all|msg|to)?|sleep|write"
)
"""Calls of what is written in C that wait in the kernel, and for none of its futexes. A lock waits for one
itself, and so may any library that has threads."""
_FUTEX = b"futex"
_WAITED_MS = 1.0
"""Who got the interpreter sooner, met nobody who waits for it."""


class Returned:
    """Of this process's threads. Where the kernel does not say, none is."""

    def __init__(self) -> None:
        self.waited = False
        self._reader = Reader()

    def looks(self, turn_ms: float | None) -> None:
        """``turn_ms``: how long this look waited for the interpreter."""
        self.waited = self._reader.can_read and (turn_ms or 0.0) >= _WAITED_MS

    def work(self, thread: int, frame: FrameType) -> Work | None:
        """What a thread does, by its ident and its innermost frame: it waits for its turn where its call is
        over."""
        work = work_of_thread(frame)
        if work is None or not self.waited or not _LET_GO.fullmatch(_call(frame)):
            return work
        return work._replace(called="", doing="turn-wait") if self._waits_for_a_futex(thread) else work

    def _waits_for_a_futex(self, thread: int) -> bool:
        file = self._reader.of_thread(thread, b"wchan")
        text = self._reader.read(file)
        self._reader.close(file)
        return text.startswith(_FUTEX)


def _call(frame: FrameType) -> str:
    return seen_code(frame.f_code).call(frame.f_lasti)
