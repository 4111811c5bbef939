"""Event loops that run already, for one who comes later: which thread each is in, and what runs it."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from types import CodeType, FrameType
from typing import Any, NamedTuple

_DEEP = 1000
_RUNS_A_LOOP = ("run_until_complete", "run_forever")


class Running(NamedTuple):
    thread: int
    loop: Any
    runs_it: CodeType
    """Of the innermost frame of Python's that is below all that the loop calls."""


def loops_of_asyncio(frames: Mapping[int, FrameType]) -> Iterator[Running]:
    """Those whose loop is written in Python: it is a variable of what runs it."""
    base = getattr(sys.modules.get("asyncio.base_events"), "BaseEventLoop", None)
    code = getattr(getattr(base, "run_forever", None), "__code__", None)
    if code is None:
        return
    for thread, innermost in frames.items():
        for frame in _outwards(innermost):
            if frame.f_code is code:
                yield Running(thread, frame.f_locals["self"], code)
                break


def runs_a_loop(innermost: FrameType) -> CodeType | None:
    """Of a thread in which a loop runs, also one of another make, such as uvloop's, of which the stack shows
    no frame: below what that calls is whoever has it run."""
    for frame in _outwards(innermost):
        if frame.f_code.co_name in _RUNS_A_LOOP or any(
            name in frame.f_code.co_names for name in _RUNS_A_LOOP
        ):
            return frame.f_code
    return None


def _outwards(frame: FrameType | None) -> Iterator[FrameType]:
    for _ in range(_DEEP):
        if frame is None:
            return
        yield frame
        frame = frame.f_back
