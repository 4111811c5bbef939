"""What tasks wait for, and where: small apps in a loop of the test's own, held until they were looked at."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from types import SimpleNamespace
from typing import Any

import anyio
import greenlet
import httpx
import pytest
from httpcore._synchronization import AsyncSemaphore
from starlette.middleware.base import BaseHTTPMiddleware

from waiting import a_request, answered, held, look, run, seen, until


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


async def numbers() -> AsyncIterator[int]:
    yield await asyncio.Queue[int]().get()


async def an_async_generator() -> None:
    async for _ in numbers():
        pass


async def a_gather() -> None:
    await asyncio.gather(asyncio.Event().wait(), return_exceptions=True)


async def a_group() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(a_lock())


async def anyios_group() -> None:
    async with anyio.create_task_group() as group:
        group.start_soon(a_lock)


LOCKED = ("lock", "Lock.acquire", "a_lock")


@pytest.mark.parametrize("of", ["task", "request"])
@pytest.mark.parametrize(("job", "expected"), [
    (a_condition, ("condition", "Condition.wait", "a_condition")),
    (a_lock, LOCKED),
    (a_full_queue, ("queue-put", "Queue.put", "a_full_queue")),
    (a_future, ("future", "Future", "a_future")),
    (an_async_generator, ("queue-get", "Queue.get", "numbers")),
    (lambda: anext(numbers(), None), ("queue-get", "Queue.get", "numbers")),
    (partial(asyncio.sleep, 600), ("sleep", "asyncio.sleep", "answered")),
    # Tasks that wait for others.
    (lambda: asyncio.wait_for(a_lock(), 600), LOCKED),
    (a_gather, ("event", "Event.wait", "a_gather")),
    (lambda: asyncio.shield(a_lock()), LOCKED),
    (lambda: asyncio.wait([asyncio.ensure_future(a_lock())]), LOCKED),
    (a_group, LOCKED),
    (anyios_group, LOCKED),
])  # fmt: skip
def test_each_kind_is_told_apart_and_counted_once(
    job: Callable[[], Awaitable[Any]], expected: tuple[str, str, str], of: str
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


def test_the_pool_of_an_http_client_that_is_full_and_a_stream_that_is_read() -> None:
    async def test() -> None:
        streams: list[Any] = []  # one that nobody holds is closed
        server = await asyncio.start_server(lambda *held: streams.append(held), "127.0.0.1", 0)
        place = server.sockets[0].getsockname()
        client = httpx.AsyncClient(limits=httpx.Limits(max_connections=4), timeout=600, trust_env=False)
        reader, writer = await asyncio.open_connection(*place)

        async def generate() -> None:
            await client.get(f"http://127.0.0.1:{place[1]}/")

        async def read() -> None:
            await reader.read()

        tasks = [*held(6, generate), *held(1, read)]
        await until({
            ("socket-read", "SocketStream.receive", "generate"): 4,
            ("pool", "httpcore connection pool", "generate"): 2,
            ("socket-read", "StreamReader._wait_for_data", "read"): 1,
        })  # fmt: skip
        via = {group.get("via") for group in look()["groups"] if group["kind"] == "pool"}
        assert via == {"AsyncClient.get"}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        writer.close()
        await client.aclose()
        server.close()

    run(test)


SPAWN = """
async def greenlet_spawn(run):
    context = greenlet.greenlet(run)
    result = context.switch()
    while not context.dead:
        result = context.switch(await result)
"""
POOL = """
class QueuePool:
    def _do_get(self):
        greenlet.getcurrent().parent.switch(queue.get())
"""
SLEEPS = """
class {0}:
    async def {1}(self, then):
        await asyncio.sleep(600)
    async def first(self, then):
        await then()
"""


def library(name: str, source: str, **names: Any) -> Any:
    space = {"asyncio": asyncio, **names}
    exec(compile(source, f"/x/lib/site-packages/{name}.py", "exec"), space)
    return SimpleNamespace(**space)


def test_the_streams_of_a_connection_over_http2_are_a_pool() -> None:
    async def test() -> None:
        streams, hold = AsyncSemaphore(1), asyncio.Event()

        async def ask() -> None:
            await streams.acquire()
            await hold.wait()

        held(3, lambda: a_request(ask))
        waits = {("pool", "httpcore streams of a connection", "ask"): 2, ("event", "Event.wait", "ask"): 1}
        await until(waits, "request")

    run(test)


def test_a_pool_that_awaits_from_within_a_greenlet() -> None:
    async def test() -> None:
        spawn = library("sqlalchemy/util/concurrency", SPAWN, greenlet=greenlet).greenlet_spawn
        pool = library("sqlalchemy/pool/impl", POOL, greenlet=greenlet, queue=asyncio.Queue()).QueuePool()

        async def retrieve() -> None:
            await spawn(pool._do_get)

        held(2, lambda: a_request(retrieve))
        await until({("pool", "QueuePool._do_get", "retrieve"): 2}, "request")

    run(test)


@pytest.mark.parametrize(("module", "of", "method", "kind"), [
    ("aiolimiter/leakybucket", "AsyncLimiter", "acquire", "rate-limit"),
    ("langchain_core/rate_limiters", "InMemoryRateLimiter", "aacquire", "rate-limit"),
    ("openai/_base_client", "AsyncAPIClient", "_sleep_for_retry", "retry"),
    ("tenacity/asyncio/__init__", "AsyncRetrying", "__call__", "retry"),
    ("tenacity/asyncio/__init__", "AsyncRetrying", "first", "event"),  # the try itself
])  # fmt: skip
def test_who_sleeps_in_a_library_waits_for_what_that_is_for(
    module: str, of: str, method: str, kind: str
) -> None:
    async def test() -> None:
        made = getattr(library(module, SLEEPS.format(of, method if method != "first" else "x")), of)()
        event = asyncio.Event()

        async def generate() -> None:
            await getattr(made, method)(event.wait)

        held(2, lambda: a_request(generate))
        await until({(kind, "Event.wait" if kind == "event" else f"{of}.{method}", "generate"): 2}, "request")

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
