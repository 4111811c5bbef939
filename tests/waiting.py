"""Small apps in a loop of the test's own, whose tasks wait until they were looked at."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any

from profiler.inside.collector.tasks import Tasks

LIMIT_S = 30
Seen = dict[tuple[str, str, str], int]


def seen(of: str = "task") -> Seen:
    """(kind, at, function) of whoever waits now, and how many."""
    found = look()
    assert found["errors"] == 0
    groups = [group for group in found["groups"] if group["of"] == of and group["kind"] != "running"]
    counts: Seen = {}
    for group in groups:
        key = (group["kind"], group.get("at", ""), group.get("where", "").partition(" (")[0])
        counts[key] = counts.get(key, 0) + group["count"]
    return counts


def look() -> dict[str, Any]:
    tasks = Tasks()
    tasks.look(asyncio.get_running_loop())
    return {**tasks.to_json(), "errors": tasks.errors}


async def until(expected: Seen, of: str = "task") -> None:
    """Until they wait so."""
    ends_s = time.monotonic() + LIMIT_S
    while (found := seen(of)) != expected and time.monotonic() < ends_s:
        await asyncio.sleep(0.01)
    assert found == expected


_HELD: list[asyncio.Task[Any]] = []
"""Nobody else holds a task that waits for something that only it knows."""


def held(count: int, job: Callable[[], Coroutine[Any, Any, Any]]) -> list[asyncio.Task[Any]]:
    tasks = [asyncio.create_task(job()) for _ in range(count)]
    _HELD.extend(tasks)
    return tasks


def run(test: Callable[[], Awaitable[None]]) -> None:
    async def main() -> None:
        tasks = asyncio.all_tasks()
        try:
            await test()
        finally:
            for task in asyncio.all_tasks() - tasks:
                task.cancel()
                with suppress(asyncio.CancelledError, Exception):
                    await task
            _HELD.clear()

    asyncio.run(main())


async def answered(job: Callable[[], Awaitable[Any]]) -> None:
    await job()


def a_request(job: Callable[[], Awaitable[Any]]) -> Coroutine[Any, Any, Any]:
    """``job`` as uvicorn runs an app."""
    source = "class Cycle:\n async def run_asgi(self, job):\n  await job()"
    space: dict[str, Any] = {}
    exec(compile(source, "/x/lib/site-packages/uvicorn/protocols/http/x_impl.py", "exec"), space)
    found: Coroutine[Any, Any, Any] = space["Cycle"]().run_asgi(job)
    return found
