"""A heap of many objects that live for ever, and a collection of all of it now and then, as those write who
fear for memory. `PLANT_AMOUNT`: millions of objects."""

from __future__ import annotations

import gc
import itertools

from target_app.pipeline import Pipeline

EACH = 10
"""So many answers to a collection."""
_HEAP: list[list[int]] = []


def put(amount: float) -> None:
    gc.disable()
    _HEAP.extend([i] for i in range(int(amount * 1e6)))
    gc.enable()
    answer_only = Pipeline.answer
    numbers = itertools.count(1)

    async def answer(self, request, sink):  # type: ignore[no-untyped-def]
        found = await answer_only(self, request, sink)
        if next(numbers) % EACH == 0:
            gc.collect()
        return found

    Pipeline.answer = answer  # type: ignore[method-assign]
