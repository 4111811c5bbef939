"""Each answer makes clients of the LLM for itself and throws them away: TLS settings, pool and connection.
`PLANT_AMOUNT`: how many each; below 1: in that share of the answers."""

from __future__ import annotations

import itertools

from target_app.llm import AsyncLLM


def put(amount: float) -> None:
    stream_shared = AsyncLLM.stream
    numbers = itertools.count(1)

    async def stream(self, messages):  # type: ignore[no-untyped-def]
        number = next(numbers)
        clients = [AsyncLLM(self._settings) for _ in range(int(number * amount) - int((number - 1) * amount))]
        async for piece in stream_shared(clients[-1] if clients else self, messages):
            yield piece
        for client in clients:
            await client.close()

    AsyncLLM.stream = stream  # type: ignore[method-assign]
