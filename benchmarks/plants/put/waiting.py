"""Each answer waits for a remote service once, without holding anything."""

from __future__ import annotations

from plants import remote

from target_app.pipeline import Pipeline


def put(amount: float) -> None:
    retrieve_only = Pipeline._retrieve

    async def retrieve(self, request, prepared, answer, sink):  # type: ignore[no-untyped-def]
        await remote.ask_async(amount)
        return await retrieve_only(self, request, prepared, answer, sink)

    Pipeline._retrieve = retrieve  # type: ignore[method-assign]
