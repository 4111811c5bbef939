"""Questions that come together are embedded together, in a pool."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from time import perf_counter_ns

from target_app.embeddings import ArrayEmbeddings, Vectors
from target_app.executors import EMBED_POOL, Pool
from target_app.stages import Timing

MAX_BATCH = 32


@dataclass(slots=True)
class _Waiting:
    question: str
    requested_ns: int
    answer: asyncio.Future[tuple[Vectors, Timing]]


class BatchEmbedder:
    """A batch waits `window_ms` for company, then takes what is there. While `limit` batches run, others
    gather: under load the batches grow by themselves.
    """

    executor = EMBED_POOL

    def __init__(self, embeddings: ArrayEmbeddings, *, limit: int, window_ms: float) -> None:
        self._embeddings = embeddings
        self._limit = limit
        self._window_s = window_ms / 1e3
        self._waiting: deque[_Waiting] = deque()
        self._pool = Pool(limit, EMBED_POOL)
        self._pool.gathering = self._waiting
        self._workers: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly
        self._working = 0

    async def embed(self, question: str) -> tuple[Vectors, Timing]:
        """The question's vector."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[tuple[Vectors, Timing]] = loop.create_future()
        self._waiting.append(_Waiting(question, perf_counter_ns(), answer))
        if self._working < self._limit:
            self._working += 1
            worker = loop.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await answer

    async def _work(self) -> None:
        """Wait for company, then embed until nothing waits."""
        try:
            if self._window_s:
                await asyncio.sleep(self._window_s)
            await self._embed_waiting()
        finally:
            self._working -= 1  # at once: a question that comes now must start a worker of its own

    async def _embed_waiting(self) -> None:
        loop = asyncio.get_running_loop()
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(MAX_BATCH, len(self._waiting)))]
            batch = [one for one in batch if not one.answer.done()]  # those who left meanwhile
            if not batch:
                continue
            questions = [one.question for one in batch]
            try:
                began, vectors, ended = await loop.run_in_executor(self._pool, self._embed, questions)
            except Exception as error:  # whatever the model raises belongs to those who asked
                for one in batch:
                    if not one.answer.done():
                        one.answer.set_exception(error)
                continue
            for one, vector in zip(batch, vectors, strict=True):
                if not one.answer.done():
                    timing = Timing(queued_ns=began - one.requested_ns, running_ns=ended - began)
                    one.answer.set_result((vector, timing))

    def _embed(self, questions: Sequence[str]) -> tuple[int, Vectors, int]:
        began = perf_counter_ns()
        vectors = self._embeddings.embed_array(questions)
        return began, vectors, perf_counter_ns()

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)
