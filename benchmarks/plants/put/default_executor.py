"""Each answer asks a remote store on a thread of the event loop's default executor, and most of these threads
are held by long jobs (consumers of a queue). `PLANT_AMOUNT`: how many are left; 0: answers have their own."""

from __future__ import annotations

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

from plants import remote

from target_app.pipeline import Pipeline

STORE_MS = 80.0
MANY = 64


def put(amount: float) -> None:
    left = int(amount)
    pool = None if left else ThreadPoolExecutor(MANY)
    retrieve_only = Pipeline._retrieve
    parked: list[asyncio.Future[None]] = []

    async def park(loop: asyncio.AbstractEventLoop) -> None:
        await loop.run_in_executor(None, remote.ask, 0.0)  # from then on the loop has its executor
        executor = loop._default_executor  # type: ignore[attr-defined]
        for _ in range(executor._max_workers - left):
            parked.append(loop.run_in_executor(None, _consume))

    async def retrieve(self, request, prepared, answer, sink):  # type: ignore[no-untyped-def]
        loop = asyncio.get_running_loop()
        if left and not parked:
            await park(loop)
        await loop.run_in_executor(pool, remote.ask, STORE_MS)
        return await retrieve_only(self, request, prepared, answer, sink)

    Pipeline._retrieve = retrieve  # type: ignore[method-assign]


def _consume() -> None:
    """Wait for messages that do not come, until the process ends."""
    threading.main_thread().join()
