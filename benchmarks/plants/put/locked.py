"""Each answer asks a remote service (for a session's state) while it holds one lock for all."""

from __future__ import annotations

import asyncio

from plants import remote

from target_app.pipeline import Pipeline


def put(amount: float) -> None:
    lock = asyncio.Lock()
    retrieve_only = Pipeline._retrieve

    async def retrieve(self, request, prepared, answer, sink):  # type: ignore[no-untyped-def]
        async with lock:
            await remote.ask_async(amount)
        return await retrieve_only(self, request, prepared, answer, sink)

    Pipeline._retrieve = retrieve  # type: ignore[method-assign]
