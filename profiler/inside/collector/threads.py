"""What the threads do: that of an event loop, and those of executors."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from types import CodeType, FrameType
from typing import Any, NamedTuple

from .codes import OWN, SeenCode, installed_app, seen_code
from .kinds import work_of

_MOST_GROUPS = 10
_DEEP = 200
_WORKER = ("concurrent.futures.thread", "_worker")
_POOLED = {_WORKER, ("anyio._backends._asyncio", "WorkerThread.run")}
_KINDS = {"lock-wait": "lock", "pool-wait": "pool", "blocking-io": "socket-read", "blocking-wait": "event"}
"""What a thread is known to do, as what its request waits for;"""
_CALLS = {":sleep": "sleep"} | dict.fromkeys((":recv", ":recv_into", ":recvfrom", ":recvmsg"), "socket-read")
"""and the same of what has no frame of Python."""
_LOCKS = frozenset(("acquire", "__enter__", "flock", "lockf"))
"""What waits for a lock, be it a file's, and is written in C."""
_WAITS = {
    ("selectors", "EpollSelector.select"),
    ("selectors", "SelectSelector.select"),
    ("selectors", "PollSelector.select"),
    ("selectors", "_PollLikeSelector.select"),
    ("selectors", "KqueueSelector.select"),
}
"""Where a loop of asyncio's own waits. uvloop waits outside Python: the innermost frame is what runs it."""


def loop_frame(frame: FrameType | None, runs_it: CodeType) -> dict[str, str] | None:
    """What a loop's thread is at: the innermost place, and the app's own one; None: it waits for events."""
    if frame is None or frame.f_code is runs_it:
        return None
    innermost = seen_code(frame.f_code)
    if innermost.key in _WAITS:
        return None
    work = work_of_thread(frame, runs_it) or Work("", "", "")
    return {"at": innermost.at(_line(frame)), **work.to_json()}


class Work(NamedTuple):
    """What a thread is doing."""

    where: str
    """The innermost line of the app's own; empty: in none of it."""
    called: str
    """What that line called, ``module:function`` of a library, ``:function`` of what Python has no frame for;
    empty: it is at work itself."""
    doing: str
    """A kind of work that a function in between is known for (`kinds.work_of`)."""
    pooled: bool = False
    """Is it a thread of a pool's, which requests have work done in? Others are the app's own affair."""

    def to_json(self) -> dict[str, str]:
        """``waits``: for what whoever has this done waits; of no other than a pool's thread is that known."""
        waits = waits_for(self) if self.pooled else ""
        told = {"called": self.called, "doing": self.doing, "waits": waits}
        return {"where": self.where} | {name: text for name, text in told.items() if text}


def waits_for(work: Work) -> str:
    """As the kind of place that it is to a request; empty: it computes, or nobody knows."""
    if work.doing == "blocking-wait" and work.called.startswith("queue:"):
        return "queue-get"
    return _KINDS.get(work.doing) or ("" if work.doing else _CALLS.get(work.called, ""))


def _line(frame: FrameType) -> int:
    """A frame that begins, or is between two lines, is at none: then where its code begins."""
    return frame.f_lineno or frame.f_code.co_firstlineno


def frames_of(frame: FrameType | None, until: CodeType | None = None) -> Iterator[FrameType]:
    """From the innermost outwards."""
    for _ in range(_DEEP):
        if frame is None or frame.f_code is until:
            return
        yield frame
        frame = frame.f_back


def work_of_thread(frame: FrameType, until: CodeType | None = None) -> Work | None:
    """At the innermost line of the app's own; of an app that is installed like a library, at its own."""
    frames = list(frames_of(frame, until))
    places = [seen_code(one.f_code) for one in frames]
    at = next((index for index, place in enumerate(places) if place.own), None)
    if at is None:
        outermost_first = installed_app(places[::-1])
        if outermost_first is None:
            return None
        at = len(places) - 1 - outermost_first
    called = ":".join(places[at - 1].key) if at else f":{places[0].call(frames[0].f_lasti)}"
    doing = next((kind for place in places[:at] if (kind := work_of(*place.key))), "")
    innermost = places[0].call(frames[0].f_lasti) if not doing or doing == "blocking-wait" else ""
    return Work(
        places[at].at(_line(frames[at])),
        called if called != ":" else "",
        _waits(places[:at], doing, innermost),
        pooled=any(place.key in _POOLED for place in places[at + 1 :]),
    )


def _waits(between: list[SeenCode], doing: str, innermost: str) -> str:
    """Does it wait for a lock, or until a pool has something for it? A lock is written in C and has no frame;
    by locks all else waits, too, that `threading` and `queue` have."""
    if doing == "blocking-wait":
        if any(place.rule is not None and place.rule.kind == "pool" for place in between):
            return "pool-wait"
        locks = (work_of(*place.key) == "lock-wait" for place in between if place.module == "threading")
        return "lock-wait" if any(locks) else doing
    return "lock-wait" if not doing and innermost in _LOCKS else doing


class Executors:
    """Every ThreadPoolExecutor that has a thread, found by what its threads work from."""

    def __init__(self) -> None:
        self._most: dict[int, int | None] = {}
        """How many threads each may have, by the id of its queue."""

    def look(self, frames: Mapping[int, FrameType]) -> list[dict[str, Any]]:
        module = sys.modules.get("concurrent.futures.thread")
        queues = getattr(module, "_threads_queues", None)
        if not queues:
            return []
        found: dict[int, dict[str, Any]] = {}
        for thread, queue in list(queues.items()):
            frame = frames.get(thread.ident)
            if frame is None:  # not begun yet, or ended
                continue
            if id(queue) not in found:
                found[id(queue)] = {
                    "name": thread.name.rpartition("_")[0] or thread.name,
                    "max": self._most_of(id(queue), frame),
                    "threads": 0,
                    "busy": 0,
                    "queued": queue.qsize(),
                }
            one = found[id(queue)]
            one["threads"] += 1
            one["busy"] += seen_code(frame.f_code).key != _WORKER
        self._most = {queue: most for queue, most in self._most.items() if queue in found}
        return list(found.values())[:_MOST_GROUPS]

    def _most_of(self, queue: int, frame: FrameType | None) -> int | None:
        """Asked once of each: its worker's frame holds it."""
        if queue in self._most:
            return self._most[queue]
        self._most[queue] = None
        for _ in range(_DEEP):
            if frame is None:
                break
            if seen_code(frame.f_code).key == _WORKER:
                executor = frame.f_locals["executor_reference"]()
                self._most[queue] = getattr(executor, "_max_workers", None)
                break
            frame = frame.f_back
        return self._most[queue]


def at_work(
    frames: Mapping[int, FrameType],
    loops: Mapping[int, Any],
    own: int,
    seen: Callable[[int, FrameType], Work | None],
) -> dict[str, Any]:
    """How many threads there are besides ours, and which code of the app's own they are in: those of loops
    are left out, for they are told by themselves. ``seen``: what a thread does, by its ident and frame."""
    others = [(ident, frame) for ident, frame in frames.items() if ident not in loops and ident != own]
    works = [work for one in others if (work := seen(*one)) is not None]
    if OWN:  # beside code of its own, a library's thread is not the app's work
        works = [work for work in works if work.where.rpartition(" (")[2].rpartition(":")[0] in OWN]
    places = Counter(works)
    groups = [{**work.to_json(), "count": count} for work, count in places.most_common(_MOST_GROUPS)]
    return {"count": len(frames) - (own in frames), "groups": groups}
