"""From a task along what it awaits, to the innermost thing that it waits for."""

from __future__ import annotations

import gc
from asyncio import Task
from types import AsyncGeneratorType, CoroutineType, GeneratorType, NoneType
from typing import Any, NamedTuple

from .codes import KNOWN, SeenCode, code_of, installed_app, line_of, own_function, seen_code
from .kinds import EXECUTOR, EXECUTOR_QUEUE, QUEUE, Rule
from .owners import CHILDREN, GREENLETS, IN_A_THREAD

_DEEP = 300
"""Awaitables of one task that are followed: what recurses without end must not take us along."""
_TASKS_DEEP = 10
_WRAPPERS = {"async_generator_asend", "async_generator_athrow", "coroutine_wrapper", "anext_awaitable"}
"""What stands between two coroutines and does not say what it wraps; the garbage collector knows."""
READY, RUNNING = "ready", "running"
_ENDS: set[type] = {NoneType}
"""Types of what is at the end of a chain: an iterator over a future, mostly."""


class Wait(NamedTuple):
    kind: str
    at: str
    """The library's function, or thing, that is waited for: ``Semaphore.acquire``."""
    where: str
    """The innermost line of the app's own: ``retrieve (app.py:12)``; empty where there is none."""
    via: str
    """What the app called there, if that is another one than ``at``: ``AsyncClient.post``."""


class Told(NamedTuple):
    """What the places of a chain say of its wait, whatever its objects are at."""

    app: int | None
    """The innermost place of the app's own."""
    rule: Rule | None
    via: str
    thread: int
    """The place that has something run in a thread,"""
    calls_it: str
    """and its name for that; empty: there is none."""


_TOLD: dict[tuple[SeenCode, ...], Told] = {}
_MOST_WAYS = 2_000


class Chain:
    """What a task awaits, from its outermost coroutine inwards, and on through the first of the tasks that it
    waits for."""

    __slots__ = ("future", "inner", "links", "places", "ready")

    def __init__(self, task: Any) -> None:
        self.inner: list[Any] = []
        """All tasks that it waits for, and that the first of those does."""
        self.links: list[Any] = []
        self.places: list[SeenCode] = []
        self.append(task)

    def append(self, task: Any) -> None:
        """Go on into this task, as far as its own awaiting tells."""
        seen = [task]
        while True:
            self._descend(task.get_coro())
            self.future = task._fut_waiter
            # Between its end and the next turn of the loop a future has been waited for long enough.
            self.ready = self.future is None or self.future.done()
            if self.ready or len(seen) > _TASKS_DEEP:
                return
            found = [one for one in self._awaited_tasks() if one not in seen]
            if not found:
                return
            task = found[0]
            seen.append(task)
            self.inner += found

    def extend(self, chain: Chain) -> None:
        """Go on into another task, which was walked already."""
        self.links += chain.links
        self.places += chain.places
        self.inner += chain.inner
        self.future, self.ready = chain.future, chain.ready

    def _descend(self, found: Any) -> None:
        """Into a task's outermost coroutine, what it awaits, and what that does: the costly part."""
        links, places, known = self.links.append, self.places.append, KNOWN.get
        for _ in range(_DEEP):
            kind = type(found)
            if kind is CoroutineType:
                code, following = found.cr_code, found.cr_await
            elif kind in _ENDS:
                return
            elif kind is AsyncGeneratorType:
                code, following = found.ag_code, found.ag_await
            elif kind is GeneratorType:
                code, following = found.gi_code, found.gi_yieldfrom
            elif kind.__name__ in _WRAPPERS:
                found = next(filter(_is_awaitable, gc.get_referents(found)), None)
                continue
            else:  # of Cython, or a future
                code, following = code_of(found), getattr(found, "cr_await", None)
                if code is None and following is None:
                    _ends_with(kind)
            if code is not None:
                links(found)
                places(known(id(code)) or seen_code(code))
            if following is None:
                return
            found = following

    def _awaited_tasks(self) -> list[Any]:
        """The tasks that end the wait, of which the first one stands for all."""
        future, place = self.future, self.places[-1] if self.places else None
        if isinstance(future, Task):
            found: Any = future
        elif place is not None and (name := CHILDREN.get(place.key)):
            found = _local(self.links[-1], name)
            found = getattr(found, "_tasks", found)
        elif place is None or place.rule is None:
            found = getattr(future, "_children", None)  # gather's
            if found is None:
                found = _closed_over(future, "shield.<locals>._outer_done_callback", "inner")
        else:
            return []
        many = found if isinstance(found, (list, tuple, set, frozenset)) else [found]
        return [one for one in many if isinstance(one, Task) and not one.done()]

    def wait(self) -> Wait:
        told = self._told()
        where = "" if told.app is None else self.places[told.app].at(line_of(self.links[told.app]))
        if self.ready:
            return Wait(READY, "", where, "")
        kind, at = self._kind(told.rule)
        function = own_function(_local(self.links[told.thread], told.calls_it)) if told.calls_it else None
        if function:
            return Wait(kind, at, function, "")
        return Wait(kind, at, where, "" if told.via == at else told.via)

    def queue(self) -> Any:
        """The `asyncio.Queue` that it waits for something from; None where it waits for anything else."""
        place = self.places[-1] if self.places and not self.ready else None
        if place is None or place.module != "asyncio.queues" or place.rule is None:
            return None
        return _local(self.links[-1], "self") if place.rule.kind == QUEUE else None

    def call(self) -> Any:
        """What an executor has for it, a `concurrent.futures.Future`; None: nothing."""
        return _closed_over(self.future, "_chain_future.<locals>._call_check_cancel", "source")

    def _told(self) -> Told:
        """Remembered: most requests that wait do so in one of a few ways, of dozens of places each."""
        ways = tuple(self.places)
        told = _TOLD.get(ways)
        if told is None:
            told = self._tell()
            if len(_TOLD) >= _MOST_WAYS:
                _TOLD.clear()
            if not any(place.key in GREENLETS for place in ways):
                _TOLD[ways] = told
        return told

    def _tell(self) -> Told:
        rule = primitive = outermost = None
        thread, calls_it, app = 0, "", self._innermost_of_app()
        for index in range(len(self.links) - 1, -1 if app is None else app, -1):
            place = self.places[index]
            if place.module != "contextlib":
                outermost = place
            for found in (place, *_in_greenlet(self.links[index], place)):
                if found.rule is None or (found.rule.kind == "retry" and not _sleeps(primitive)):
                    continue  # what tries again makes the first try, too
                if found.rule.primitive:
                    primitive = primitive or found
                else:
                    rule = rule or found
            if name := IN_A_THREAD.get(place.key):
                thread, calls_it = index, name
        by = rule or primitive
        via = outermost.name if outermost is not None and app is not None else ""  # else it is the server
        if by is not None and outermost is not None and by.module == outermost.module:
            via = ""  # such as a lock's __aenter__
        return Told(app, by.rule if by else None, via, thread, calls_it)

    def _innermost_of_app(self) -> int | None:
        for index in range(len(self.places) - 1, -1, -1):
            if self.places[index].own:
                return index
        return installed_app(self.places)

    def _kind(self, rule: Rule | None) -> tuple[str, str]:
        if rule is not None and rule.kind != EXECUTOR:
            return rule.kind, rule.at
        if (call := self.call()) is not None:
            queued = getattr(call, "_state", "") == "PENDING"
            return EXECUTOR_QUEUE if queued else EXECUTOR, rule.at if rule else "run_in_executor"
        innermost = self.places[-1] if self.places else None
        name = innermost.name if innermost is not None and not innermost.own else type(self.future).__name__
        return "future", name


def _ends_with(kind: type) -> None:
    """Remember a type that has nothing to follow, whatever its objects are at."""
    if not any(hasattr(kind, name) for name in ("cr_await", "cr_code", "ag_code", "gi_code")):
        _ENDS.add(kind)


def _is_awaitable(found: Any) -> bool:
    kind = type(found)
    return kind in (CoroutineType, GeneratorType, AsyncGeneratorType) or kind.__name__ in _WRAPPERS


def _local(link: Any, name: str) -> Any:
    """A variable of a library's coroutine. Never of the app's own: Python could keep what is read alive."""
    frame = getattr(link, "cr_frame", None) or getattr(link, "ag_frame", None)
    return None if frame is None else frame.f_locals.get(name)


def _sleeps(place: SeenCode | None) -> bool:
    return place is not None and place.rule is not None and place.rule.kind == "sleep"


def _in_greenlet(link: Any, place: SeenCode) -> list[SeenCode]:
    """What is between a function that runs a greenlet and what that awaits, from the innermost outwards."""
    name = GREENLETS.get(place.key)
    frame = getattr(_local(link, name), "gr_frame", None) if name else None
    found: list[SeenCode] = []
    while frame is not None and len(found) < _DEEP:
        found.append(seen_code(frame.f_code))
        frame = frame.f_back
    return found


def _closed_over(future: Any, callback: str, name: str) -> Any:
    """What one of a future's callbacks holds; None where it has no such callback."""
    for one in getattr(future, "_callbacks", None) or ():
        function = one[0] if isinstance(one, tuple) else one
        if getattr(function, "__qualname__", "") == callback:
            names = function.__code__.co_freevars
            if name in names:
                return function.__closure__[names.index(name)].cell_contents
    return None
