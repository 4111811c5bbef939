"""A remote embedding, asked without holding the event loop; `PLANT_LIMIT` at a time (0: all)."""

from __future__ import annotations

import asyncio
import contextlib
import os
from time import perf_counter_ns

from plants import remote

from target_app.embeddings import Vectors
from target_app.retrieval import LoopEmbedder
from target_app.stages import Timing


def put(amount: float) -> None:
    limit = int(os.environ.get("PLANT_LIMIT", "0"))
    permit = asyncio.Semaphore(limit) if limit else contextlib.nullcontext()
    embed_now = LoopEmbedder.embed

    async def embed(self: LoopEmbedder, question: str) -> tuple[Vectors, Timing]:
        asked = perf_counter_ns()
        async with permit:
            began = perf_counter_ns()
            await remote.ask_async(amount)
            vector, _ = await embed_now(self, question)
            return vector, Timing(began - asked, perf_counter_ns() - began)

    LoopEmbedder.embed = embed  # type: ignore[method-assign]
