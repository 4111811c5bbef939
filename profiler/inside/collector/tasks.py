"""All tasks of an event loop, put into groups that wait for the same thing at the same place."""

from __future__ import annotations

import asyncio
import sys
from collections import Counter
from collections.abc import Iterable, Mapping
from types import CoroutineType
from typing import Any

from .codes import code_of, seen_code
from .kinds import EXECUTOR, EXECUTOR_QUEUE, QUEUE, SHARED_QUEUE
from .owners import RECEIVES
from .processes import NAME
from .walk import RUNNING, Chain, Wait

REQUEST, TASK, SERVER = "request", "task", "server"
MOST_GROUPS = 20
_NEAR = 5
"""How far from the innermost one a function is that waits by means of others."""


class Tasks:
    """One look at the tasks of some loops.

    A request is counted once, and waits where the first of the tasks does that it waits for; none of those is
    counted by itself. Of all other tasks those are counted that wait for no other one, in whose name they do;
    the server's own are only numbered.
    """

    def __init__(self, calls: Mapping[int, str] | None = None) -> None:
        """``calls``: those that pools of processes have (`Processes.calls`)."""
        self._calls = calls or {}
        self.all = self.ready = self.errors = 0
        self.of: Counter[str] = Counter()
        self.groups: Counter[tuple[str, Wait]] = Counter()
        self._at_queues: Counter[int] = Counter()
        """How many requests wait for something from each queue, by its id."""

    def look(self, loop: Any) -> None:
        running = asyncio.current_task(loop)
        tasks = asyncio.all_tasks(loop)
        self.all += len(tasks)
        requests: list[Any] = []
        others: list[Any] = []
        for task in tasks:
            (requests if _is_request(task) else others).append(task)
        chains = {id(task): self._chain(task, running) for task in others}
        children = _Children(others, chains)
        inner: set[int] = set()
        asked = {task: self._chain(task, running) for task in requests}
        for task, chain in asked.items():
            if chain is not None:
                children.follow(task, chain)
                inner |= children.below(chain)
        queues = (chain.queue() for chain in asked.values() if chain is not None)
        # An app's own queue may be false while it is empty, or raise where it is asked.
        self._at_queues = Counter(id(queue) for queue in queues if queue is not None)
        for task, chain in asked.items():
            self._count(REQUEST, task, chain, running)
        parents = {id(one): chain for chain in chains.values() if chain for one in chain.inner}
        for task in others:
            chain = chains[id(task)]
            if id(task) not in inner and not (chain and chain.inner):
                self._count(_whose(chain), task, chain, running, parents.get(id(task)))

    def add(self, server: int, requests: Counter[Wait]) -> None:
        """Requests that have a thread, and no task; and how many threads of the server's are none."""
        self.of[SERVER] += server
        self.of[REQUEST] += requests.total()
        for wait, count in requests.items():
            self.groups[REQUEST, wait] += count

    def _count(
        self, of: str, task: Any, chain: Chain | None, running: Any, parent: Chain | None = None
    ) -> None:
        if task is running or (chain and running and any(one is running for one in chain.inner)):
            self.of[of] += 1
            self.groups[of, Wait(RUNNING, "", "", "")] += of != SERVER
        elif chain is not None and _idle(chain):
            self.of[SERVER] += 1
        elif chain is not None:
            self.of[of] += 1
            self.ready += chain.ready
            if of != SERVER:
                wait = self._wait(of, chain)
                if not wait.where and parent is not None:
                    wait = wait._replace(where=parent.wait().where)
                self.groups[of, wait] += 1

    def _wait(self, of: str, chain: Chain) -> Wait:
        """With what only all of them, or who has its call done, can tell."""
        wait = chain.wait()
        if of == REQUEST and wait.kind == QUEUE and self._at_queues[id(chain.queue())] > 1:
            return wait._replace(kind=SHARED_QUEUE)
        if wait.kind in (EXECUTOR, EXECUTOR_QUEUE) and (kind := self._calls.get(id(chain.call()))):
            return wait._replace(kind=kind, at=NAME)
        return wait

    def _chain(self, task: Any, running: Any) -> Chain | None:
        if task is running:  # what it does, its thread tells
            return None
        try:
            return Chain(task)
        except Exception:  # it went on while we looked
            self.errors += 1
            return None

    def to_json(self) -> dict[str, Any]:
        return {
            "tasks": self.all,
            "ready": self.ready,
            "requests": self.of[REQUEST],
            "others": self.of[TASK],
            "server": self.of[SERVER],
            "groups": [
                {"of": of, **{name: text for name, text in wait._asdict().items() if text}, "count": count}
                for (of, wait), count in self.groups.most_common(MOST_GROUPS)
            ],
        }


class _Children:
    """Tasks that anyio started for another one, which waits for them by what they send it.

    Starlette's middleware runs the app so, and only listens to it.
    """

    def __init__(self, tasks: Iterable[Any], chains: Mapping[int, Chain | None]) -> None:
        self._tasks = tasks
        self._chains = chains
        self._of: dict[int, list[Any]] | None = None

    def follow(self, task: Any, chain: Chain) -> None:
        seen = [task]
        while not chain.ready and any(place.key in RECEIVES for place in chain.places[-_NEAR:]):
            found = [one for one in self._all().get(id(task), ()) if one not in seen and self._works(one)]
            if not found:
                return
            task = found[0]
            seen.append(task)
            chain.inner += found
            known = self._chains.get(id(task))
            if known is None:  # it runs
                return
            chain.extend(known)

    def _works(self, task: Any) -> bool:
        """Is it more than one that listens for the request's end?"""
        return id(task) in self._all() or _whose(self._chains.get(id(task))) != SERVER

    def below(self, chain: Chain) -> set[int]:
        """The ids of all tasks that a request waits for, and that those do."""
        found: set[int] = set()
        waiting = list(chain.inner)
        while waiting:
            task = waiting.pop()
            if id(task) not in found:
                found.add(id(task))
                inner = self._chains.get(id(task))
                waiting += inner.inner if inner else ()
        return found

    def _all(self) -> dict[int, list[Any]]:
        if self._of is None:
            self._of = {}
            states = getattr(sys.modules.get("anyio._backends._asyncio"), "_task_states", None) or {}
            for task in self._tasks:
                parent = getattr(states.get(task), "parent_id", None)
                if parent is not None:
                    self._of.setdefault(parent, []).append(task)
        return self._of


def _is_request(task: Any) -> bool:
    found = task.get_coro()
    code = found.cr_code if type(found) is CoroutineType else code_of(found)
    return code is not None and seen_code(code).request


def _idle(chain: Chain) -> bool:
    """A connection of aiohttp's on which nothing is asked."""
    return len(chain.places) == 1 and chain.places[0].module == "aiohttp.web_protocol" and not chain.ready


def _whose(chain: Chain | None) -> str:
    return SERVER if chain is not None and any(place.server for place in chain.places) else TASK
