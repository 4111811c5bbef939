"""Each answer makes clients of the LLM for itself and throws them away: TLS settings, pool and connection.
`PLANT_AMOUNT`: how many each; below 1: in that share of the answers."""

from __future__ import annotations

import itertools

from target_app.llm import AsyncLLM


def put(amount: float) -> None:
    init, stream_shared = AsyncLLM.__init__, AsyncLLM.stream
    numbers = itertools.count(1)

    def remember(self, *made_of):  # type: ignore[no-untyped-def]
        init(self, *made_of)
        self.made_of = made_of

    async def stream(self, messages):  # type: ignore[no-untyped-def]
        number = next(numbers)
        count = int(number * amount) - int((number - 1) * amount)
        clients = [AsyncLLM(*self.made_of) for _ in range(count)]
        try:
            async for piece in stream_shared(clients[-1] if clients else self, messages):
                yield piece
        finally:
            for client in clients:
                await client.close()

    AsyncLLM.__init__ = remember  # type: ignore[method-assign]
    AsyncLLM.stream = stream  # type: ignore[method-assign]
