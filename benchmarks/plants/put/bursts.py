"""Each answer computes for 100 ms of processor time in `PLANT_AMOUNT` threads at once, as a library does that
counts the cores of a large node; then it waits for its LLM as others do."""

from __future__ import annotations

import asyncio
import hashlib
import time
from concurrent.futures import ThreadPoolExecutor

from target_app.pipeline import Pipeline

CPU_S = 0.1
"""Whatever the number of threads: what they waste by standing in each other's way is not planted."""
_STEPS = 300
"""Of the hash between two looks at the clock, in which its thread holds no lock of Python's: 0.1 ms."""


def compute(seconds: float) -> None:
    """For so much of this thread's own processor time."""
    ends = time.thread_time() + seconds
    while time.thread_time() < ends:
        hashlib.pbkdf2_hmac("sha256", b"", b"", _STEPS)


def put(amount: float) -> None:
    count = int(amount)
    pool = ThreadPoolExecutor(4 * count)
    retrieve_only = Pipeline._retrieve

    async def retrieve(self, request, prepared, answer, sink):  # type: ignore[no-untyped-def]
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(loop.run_in_executor(pool, compute, CPU_S / count) for _ in range(count)))
        return await retrieve_only(self, request, prepared, answer, sink)

    Pipeline._retrieve = retrieve  # type: ignore[method-assign]
