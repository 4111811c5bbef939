"""What tasks wait for, and where: small apps in a loop of the test's own, held until they were looked at."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any

import anyio
import httpx
import pytest
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
