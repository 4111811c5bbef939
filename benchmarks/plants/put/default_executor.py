"""Each answer asks a remote store on a thread of the event loop's default executor, and most of these threads
are held by long jobs (consumers of a queue). `PLANT_AMOUNT`: how many are left; 0: answers have their own."""

from __future__ import annotations

import asyncio
import os
import threading
from concurrent.futures import ThreadPoolExecutor

from plants import remote

from target_app.pipeline import Pipeline

STORE_MS = 200.0
OWN_THREADS = 64


def most_threads() -> int:
    """As many as Python gives the executor."""
    cpus = getattr(os, "process_cpu_count", os.cpu_count)()
    return min(32, (cpus or 1) + 4)


def put(amount: float) -> None:
    left = int(amount)
    pool = None if left else ThreadPoolExecutor(OWN_THREADS)
    retrieve_only, close_only = Pipeline._retrieve, Pipeline.close
    ended = threading.Event()
    parked: list[asyncio.Future[bool]] = []

    async def retrieve(self, request, prepared, answer, sink):  # type: ignore[no-untyped-def]
        loop = asyncio.get_running_loop()
        if left and not parked:
            parked.extend(loop.run_in_executor(None, ended.wait) for _ in range(most_threads() - left))
        await loop.run_in_executor(pool, remote.ask, STORE_MS)
        return await retrieve_only(self, request, prepared, answer, sink)

    def close(self: Pipeline) -> None:
        ended.set()
        close_only(self)

    Pipeline._retrieve = retrieve  # type: ignore[method-assign]
    Pipeline.close = close  # type: ignore[method-assign]
