"""Requests that wait at a queue: at one that they share, or each at its own."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from waiting import a_request, held, run, until


class Sized(asyncio.LifoQueue[int]):
    """An app's own, which is false while somebody waits for what is in it."""

    def __len__(self) -> int:
        return self.qsize()


@pytest.mark.parametrize("got", [lambda pool: pool.get(), lambda pool: asyncio.wait_for(pool.get(), 600)])
def test_a_queue_that_requests_share_is_told_from_one_of_each(got: Callable[..., Awaitable[int]]) -> None:
    """A pool, to which they give back what they took; and the tokens of an answer, which somebody makes."""

    async def test() -> None:
        pool = Sized()
        pool.put_nowait(1)
        pool.put_nowait(2)

        async def pooled() -> None:
            client = await got(pool)
            try:
                await asyncio.get_running_loop().create_future()
            finally:
                pool.put_nowait(client)

        async def streamed() -> None:
            own: asyncio.Queue[int] = asyncio.Queue()
            await asyncio.gather(got(own), own.get())

        waits = {("future", "Future", "pooled"): 2, ("shared-queue", "Queue.get", "pooled"): 3}
        held(5, lambda: a_request(pooled))
        await until(waits, "request")
        held(4, lambda: a_request(streamed))
        await until({**waits, ("queue-get", "Queue.get", "streamed"): 4}, "request")
        held(2, pool.get)  # tasks of the app's own are no requests
        await until({("queue-get", "Queue.get", ""): 2})

    run(test)
