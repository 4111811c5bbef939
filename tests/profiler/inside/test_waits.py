"""What tasks wait for, and where: small apps in a loop of the test's own, held until they were looked at."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from types import CodeType
from typing import Any

import anyio
import httpx
import pytest
from starlette.concurrency import run_in_threadpool
from starlette.middleware.base import BaseHTTPMiddleware

from profiler.inside.collector import threads
from profiler.inside.collector.codes import place_of
from profiler.inside.collector.tasks import Tasks
from profiler.inside.collector.threads import Executors, at_work, loop_frame

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


def test_the_sentence_that_all_this_is_for() -> None:
    async def test() -> None:
        semaphore, hold = asyncio.Semaphore(9), asyncio.Event()

        async def retrieve() -> None:
            async with semaphore:
                await hold.wait()

        held(40, lambda: a_request(retrieve))
        await until(
            {("semaphore", "Semaphore.acquire", "retrieve"): 31, ("event", "Event.wait", "retrieve"): 9},
            "request",
        )
        assert (look()["requests"], look()["ready"]) == (40, 0)
        hold.set()

    run(test)


async def a_condition() -> None:
    condition = asyncio.Condition()
    async with condition:
        await condition.wait()


async def a_lock() -> None:
    lock = asyncio.Lock()
    await lock.acquire()
    await lock.acquire()


async def a_full_queue() -> None:
    queue: asyncio.Queue[int] = asyncio.Queue(1)
    await queue.put(1)
    await queue.put(1)


async def a_future() -> None:
    await asyncio.get_running_loop().create_future()


async def anyios_lock() -> None:
    lock = anyio.Lock()
    task = asyncio.create_task(lock.acquire())  # type: ignore[arg-type]
    await task
    await lock.acquire()


async def numbers() -> AsyncIterator[int]:
    yield await asyncio.Queue[int]().get()


async def an_async_generator() -> None:
    async for _ in numbers():
        pass


async def a_next_with_a_default() -> None:
    await anext(numbers(), None)


async def a_wait_for() -> None:
    await asyncio.wait_for(a_lock(), 600)


async def a_gather() -> None:
    await asyncio.gather(asyncio.Event().wait(), return_exceptions=True)


async def a_shield() -> None:
    await asyncio.shield(a_lock())


async def a_wait() -> None:
    await asyncio.wait([asyncio.ensure_future(a_lock())])


async def a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(a_lock())


async def anyios_group() -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(a_lock)


LOCKED = ("lock", "Lock.acquire", "a_lock")


@pytest.mark.parametrize("of", ["task", "request"])
@pytest.mark.parametrize(
    ("job", "expected"),
    [
        (a_condition, ("condition", "Condition.wait", "a_condition")),
        (a_lock, LOCKED),
        (a_full_queue, ("queue-put", "Queue.put", "a_full_queue")),
        (a_future, ("future", "Future", "a_future")),
        (an_async_generator, ("queue-get", "Queue.get", "numbers")),
        (a_next_with_a_default, ("queue-get", "Queue.get", "numbers")),
        (partial(asyncio.sleep, 600), ("sleep", "asyncio.sleep", "answered")),
        # Tasks that wait for others.
        (a_wait_for, LOCKED),
        (a_gather, ("event", "Event.wait", "a_gather")),
        (a_shield, LOCKED),
        (a_wait, LOCKED),
        (a_group, LOCKED),
        (anyios_group, LOCKED),
    ],
)
def test_each_kind_is_told_apart_and_counted_once(
    job: Callable[[], Coroutine[Any, Any, None]], expected: tuple[str, str, str], of: str
) -> None:
    async def test() -> None:
        mine = partial(answered, job)
        held(3, mine if of == "task" else lambda: a_request(mine))
        await until({expected: 3}, of)

    run(test)


def test_tasks_that_are_waited_for_are_counted_each_and_a_request_once() -> None:
    async def test() -> None:
        async def several() -> None:
            await asyncio.gather(a_lock(), a_lock(), a_future())

        held(2, lambda: a_request(several))
        await until({LOCKED: 2}, "request")
        assert seen("task") == {}
        held(2, several)
        await until({LOCKED: 4, ("future", "Future", "a_future"): 2})

    run(test)


def test_an_executor_that_is_full_has_some_at_work_and_the_rest_queued() -> None:
    hold = threading.Event()

    async def test() -> None:
        loop = asyncio.get_running_loop()
        loop.set_default_executor(ThreadPoolExecutor(2, thread_name_prefix="mine"))

        async def search() -> None:
            await loop.run_in_executor(None, hold.wait)

        async def embed() -> None:
            await asyncio.to_thread(hold.wait)

        held(3, search)
        await until(
            {
                ("executor", "run_in_executor", "search"): 2,
                ("executor-queue", "run_in_executor", "search"): 1,
            }
        )
        held(1, embed)
        await until(
            {
                ("executor", "run_in_executor", "search"): 2,
                ("executor-queue", "run_in_executor", "search"): 1,
                ("executor-queue", "asyncio.to_thread", "embed"): 1,
            }
        )
        [executor] = [one for one in Executors().look(frames()) if one["name"] == "mine"]
        assert executor == {"name": "mine", "max": 2, "threads": 2, "busy": 2, "queued": 2}
        hold.set()

    try:
        run(test)
    finally:
        hold.set()


def frames() -> Any:
    import sys

    return sys._current_frames()


def test_sync_code_in_anyios_threads_is_named_by_its_function() -> None:
    hold = threading.Event()

    def embed() -> None:
        hold.wait(LIMIT_S)

    async def test() -> None:
        anyio.to_thread.current_default_thread_limiter().total_tokens = 2
        held(5, lambda: a_request(partial(run_in_threadpool, embed)))
        await until(
            {
                ("thread", "anyio worker thread", embed.__name__): 2,
                ("thread-limiter", "CapacityLimiter.acquire", embed.__name__): 3,
            },
            "request",
        )
        hold.set()

    try:
        run(test)
    finally:
        hold.set()


def test_an_app_that_is_installed_is_known_by_what_the_server_calls() -> None:
    async def test() -> None:
        source = "async def retrieve(library):\n await library()"
        space: dict[str, Any] = {}
        exec(compile(source, "/x/lib/site-packages/myapp/search.py", "exec"), space)
        inner = "import asyncio\nasync def find():\n await asyncio.Event().wait()"
        exec(compile(inner, "/x/lib/site-packages/vectors/find.py", "exec"), space)
        held(2, lambda: a_request(partial(space["retrieve"], space["find"])))
        await until({("event", "Event.wait", "retrieve"): 2}, "request")
        [group] = [group for group in look()["groups"] if group["of"] == "request"]
        assert (group["where"], group["via"]) == ("retrieve (myapp/search.py:2)", "find")

    run(test)


def test_the_thread_of_a_library_is_not_the_app_s_work(monkeypatch: pytest.MonkeyPatch) -> None:
    begun, hold = threading.Event(), threading.Event()
    space: dict[str, Any] = {}
    source = "def monitor(begun, hold):\n begun.set()\n hold.wait()"
    exec(compile(source, "/x/lib/site-packages/bars/monitor.py", "exec"), space)
    thread = threading.Thread(target=space["monitor"], args=(begun, hold))
    thread.start()
    try:
        assert begun.wait(LIMIT_S)
        mine = {thread.ident or 0: frames()[thread.ident]}
        place_of(frames.__code__)  # code of one's own
        assert at_work(mine, {}, 0)["groups"] == []
        monkeypatch.setattr(threads, "OWN", set())  # but where all is installed, it may be the app's
        [group] = at_work(mine, {}, 0)["groups"]
        assert group["where"].startswith("monitor (bars/monitor.py:")
    finally:
        hold.set()
        thread.join()


def test_a_request_is_followed_through_middleware_into_the_task_that_it_listens_to() -> None:
    async def test() -> None:
        async def app(scope: Any, receive: Any, send: Any) -> None:
            await a_lock()

        async def dispatch(request: Any, call_next: Any) -> Any:
            return await call_next(request)

        whole = BaseHTTPMiddleware(app, dispatch)
        scope = {"type": "http", "headers": [], "method": "GET", "path": "/"}
        never = asyncio.Event()
        held(2, lambda: a_request(lambda: whole(scope, never.wait, never.wait)))
        await until({LOCKED: 2}, "request")
        assert (look()["requests"], seen("task")) == (2, {})

    run(test)


def _never_answers(*streams: Any) -> None:
    _STREAMS.append(streams)


_STREAMS: list[Any] = []
"""One that nobody holds is closed."""


def test_the_pool_of_an_http_client_that_is_full() -> None:
    async def test() -> None:
        server = await asyncio.start_server(_never_answers, "127.0.0.1", 0)
        url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/"
        client = httpx.AsyncClient(limits=httpx.Limits(max_connections=4), timeout=600, trust_env=False)

        async def generate() -> None:
            await client.get(url)

        tasks = held(6, generate)
        await until(
            {
                ("socket-read", "SocketStream.receive", "generate"): 4,
                ("pool", "httpcore connection pool", "generate"): 2,
            }
        )
        via = {group.get("via") for group in look()["groups"] if group["kind"] == "pool"}
        assert via == {"AsyncClient.get"}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await client.aclose()
        server.close()

    run(test)


def test_a_stream_that_is_read() -> None:
    async def test() -> None:
        server = await asyncio.start_server(_never_answers, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())

        async def read() -> None:
            await reader.read()

        held(1, read)
        await until({("socket-read", "StreamReader._wait_for_data", "read"): 1})
        writer.close()
        server.close()

    run(test)


def test_what_is_answered_and_not_run_yet_is_ready() -> None:
    async def test() -> None:
        hold = asyncio.Event()

        async def retrieve() -> None:
            await hold.wait()

        held(3, retrieve)
        await until({("event", "Event.wait", "retrieve"): 3})
        hold.set()  # and the loop has had no turn since
        assert seen() == {("ready", "", "retrieve"): 3}
        assert look()["ready"] == 3

    run(test)


def test_who_runs_is_told_by_its_thread() -> None:
    async def test() -> None:
        [running] = [group for group in look()["groups"] if group["kind"] == "running"]
        assert running["count"] == 1
        frame = frames()[threading.get_ident()]
        found = loop_frame(frame, run.__code__)
        assert found is not None
        assert found["where"].startswith("frames (")
        assert loop_frame(frame, frame.f_code) is None
        assert isinstance(frame.f_code, CodeType)

    run(test)
