"""From question to passages, in the three ways `RETRIEVAL` names. All times in nanoseconds."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from time import perf_counter_ns
from typing import Protocol

from target_app.embeddings import ArrayEmbeddings
from target_app.index import FaissStore, Vectors, use_one_thread
from target_app.settings import Settings

MAX_BATCH = 32
INLINE_MS = 0.2
"""Work shorter than this stays on the event loop: the hop to a thread and back costs as much."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Timing:
    """How long a stage waited for its turn, and how long it ran; nanoseconds."""

    queued_ns: int
    running_ns: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Retrieved:
    """(place, cosine) of the passages found, best first, and what the two stages took."""

    hits: list[tuple[int, float]]
    embed: Timing
    search: Timing


class Retrieval(Protocol):
    """Embed a question and search the index."""

    def instant(self) -> bool:
        """True if `retrieve_now` answers without leaving the event loop for long."""

    def retrieve_now(self, question: str, count: int) -> Retrieved:
        """On the calling thread."""

    async def retrieve(self, question: str, count: int) -> Retrieved:
        """Without holding the event loop, where this way of retrieving does so."""

    def close(self) -> None:
        """Let the threads go."""


class BlockingRetrieval:
    """On the event loop, as in the original: nothing else moves meanwhile."""

    def __init__(self, embeddings: ArrayEmbeddings, store: FaissStore) -> None:
        self._embeddings = embeddings
        self._store = store

    def instant(self) -> bool:
        return True

    def retrieve_now(self, question: str, count: int) -> Retrieved:
        began = perf_counter_ns()
        vector = self._embeddings.embed_array((question,))[0]
        embedded = perf_counter_ns()
        hits = self._store.search_vector(vector, count)
        return Retrieved(
            hits=hits,
            embed=Timing(queued_ns=0, running_ns=embedded - began),
            search=Timing(queued_ns=0, running_ns=perf_counter_ns() - embedded),
        )

    async def retrieve(self, question: str, count: int) -> Retrieved:
        return self.retrieve_now(question, count)

    def close(self) -> None:
        return


class ThreadedRetrieval:
    """A pool of threads: frees the loop, gains no throughput, for each question is embedded alone."""

    def __init__(self, embeddings: ArrayEmbeddings, store: FaissStore, threads: int, limit: int) -> None:
        self._pool = ThreadPoolExecutor(threads, "retrieval", initializer=use_one_thread)
        self._inline = BlockingRetrieval(embeddings, store)
        self._limit: contextlib.AbstractContextManager[object] = (
            threading.BoundedSemaphore(limit) if limit else contextlib.nullcontext()
        )

    def instant(self) -> bool:
        return False

    def retrieve_now(self, question: str, count: int) -> Retrieved:
        return self._inline.retrieve_now(question, count)

    async def retrieve(self, question: str, count: int) -> Retrieved:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._work, question, count, perf_counter_ns())

    def _work(self, question: str, count: int, asked_ns: int) -> Retrieved:
        with self._limit:
            began = perf_counter_ns()
            found = self._inline.retrieve_now(question, count)
        return Retrieved(
            hits=found.hits,
            embed=Timing(queued_ns=began - asked_ns, running_ns=found.embed.running_ns),
            search=found.search,
        )

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


@dataclass(slots=True)
class _Waiting:
    question: str
    asked_ns: int
    answer: asyncio.Future[tuple[Vectors, Timing]]


class AsyncRetrieval:
    """Questions that come together are embedded together; the search leaves the loop only if it is slow.

    A batch waits `window_ms` for company, then takes what is there. While `limit` batches run, others
    gather: under load the batches grow by themselves.
    """

    def __init__(
        self,
        embeddings: ArrayEmbeddings,
        store: FaissStore,
        *,
        limit: int,
        window_ms: float,
        search_ms: float,
        embed_ms: float,
    ) -> None:
        self._embeddings = embeddings
        self._store = store
        self._inline = BlockingRetrieval(embeddings, store)
        self._limit = limit or 1
        self._window_s = window_ms / 1e3
        self._embed_inline = embed_ms < INLINE_MS
        self._search_inline = search_ms < INLINE_MS
        self._embedder = ThreadPoolExecutor(self._limit, "embed")
        self._searcher = ThreadPoolExecutor(1, "search", initializer=use_one_thread)
        self._waiting: deque[_Waiting] = deque()
        self._workers: set[asyncio.Task[None]] = set()  # the loop itself holds tasks only weakly
        self._working = 0

    def instant(self) -> bool:
        return self._embed_inline and self._search_inline

    def retrieve_now(self, question: str, count: int) -> Retrieved:
        return self._inline.retrieve_now(question, count)

    async def retrieve(self, question: str, count: int) -> Retrieved:
        loop = asyncio.get_running_loop()
        if self._embed_inline:
            began, vectors, ended = self._embed((question,))
            vector, embed = vectors[0], Timing(queued_ns=0, running_ns=ended - began)
        else:
            vector, embed = await self._embedded(question, loop)
        asked = perf_counter_ns()
        if self._search_inline:
            began, hits, ended = self._search(vector, count)
        else:
            began, hits, ended = await loop.run_in_executor(self._searcher, self._search, vector, count)
        search = Timing(queued_ns=began - asked, running_ns=ended - began)
        return Retrieved(hits=hits, embed=embed, search=search)

    async def _embedded(self, question: str, loop: asyncio.AbstractEventLoop) -> tuple[Vectors, Timing]:
        answer: asyncio.Future[tuple[Vectors, Timing]] = loop.create_future()
        self._waiting.append(_Waiting(question, perf_counter_ns(), answer))
        if self._working < self._limit:
            self._working += 1
            worker = loop.create_task(self._work())
            self._workers.add(worker)
            worker.add_done_callback(self._workers.discard)
        return await answer

    def _search(self, vector: Vectors, count: int) -> tuple[int, list[tuple[int, float]], int]:
        began = perf_counter_ns()
        hits = self._store.search_vector(vector, count)
        return began, hits, perf_counter_ns()

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
                began, vectors, ended = await loop.run_in_executor(self._embedder, self._embed, questions)
            except Exception as error:  # whatever the model raises belongs to those who asked
                for one in batch:
                    if not one.answer.done():
                        one.answer.set_exception(error)
                continue
            for one, vector in zip(batch, vectors, strict=True):
                if not one.answer.done():
                    timing = Timing(queued_ns=began - one.asked_ns, running_ns=ended - began)
                    one.answer.set_result((vector, timing))

    def _embed(self, questions: Sequence[str]) -> tuple[int, Vectors, int]:
        began = perf_counter_ns()
        vectors = self._embeddings.embed_array(questions)
        return began, vectors, perf_counter_ns()

    def close(self) -> None:
        self._embedder.shutdown(wait=False, cancel_futures=True)
        self._searcher.shutdown(wait=False, cancel_futures=True)


def make_retrieval(
    settings: Settings, embeddings: ArrayEmbeddings, store: FaissStore, *, search_ms: float, embed_ms: float
) -> Retrieval:
    """The way of retrieving that the settings name; costs are those of one call, in milliseconds."""
    if settings.retrieval == "blocking":
        return BlockingRetrieval(embeddings, store)
    limit = settings.embedding_concurrency
    if settings.retrieval == "threaded":
        return ThreadedRetrieval(embeddings, store, settings.retrieval_threads, limit)
    return AsyncRetrieval(
        embeddings,
        store,
        limit=limit,
        window_ms=settings.embedding_batch_ms,
        search_ms=search_ms,
        embed_ms=embed_ms,
    )
