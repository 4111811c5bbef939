"""From question to passages: which way, and what runs where, follows from settings alone."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from time import perf_counter_ns
from typing import Protocol

from target_app.batching import BatchEmbedder
from target_app.embeddings import ArrayEmbeddings, Vectors
from target_app.executors import LOOP, RETRIEVAL_POOL, Pool, RetrievalExecutors
from target_app.index import FaissStore, use_one_thread
from target_app.settings import Settings
from target_app.stages import Hits, Retrieved, Timing


class Retrieval(Protocol):
    """Embed a question and search the index."""

    @property
    def executors(self) -> RetrievalExecutors:
        """Where the two stages run."""

    async def retrieve(self, question: str, count: int) -> Retrieved:
        """The nearest `count` passages."""

    def close(self) -> None:
        """Let the threads go."""


class LoopRetrieval:
    """All on the event loop, as in the original: nothing else moves meanwhile."""

    executors = RetrievalExecutors(embed=LOOP, search=LOOP)

    def __init__(self, embeddings: ArrayEmbeddings, store: FaissStore) -> None:
        self._embeddings = embeddings
        self._store = store

    def retrieve_now(self, question: str, count: int) -> Retrieved:
        """On the calling thread, for those who need not wait."""
        began = perf_counter_ns()
        vector = self._embeddings.embed_array((question,))[0]
        embedded = perf_counter_ns()
        hits = self._store.search_vector(vector, count)
        return Retrieved(hits, Timing(0, embedded - began), Timing(0, perf_counter_ns() - embedded))

    async def retrieve(self, question: str, count: int) -> Retrieved:
        return self.retrieve_now(question, count)

    def close(self) -> None:
        return


class ThreadedRetrieval:
    """Both stages in a pool of threads: frees the loop, gains no throughput, for each question is embedded
    alone, by at most `limit` threads at once (0: all)."""

    executors = RetrievalExecutors(embed=RETRIEVAL_POOL, search=RETRIEVAL_POOL)

    def __init__(self, embeddings: ArrayEmbeddings, store: FaissStore, threads: int, limit: int) -> None:
        self._embeddings = embeddings
        self._store = store
        self._pool = Pool(threads, RETRIEVAL_POOL, use_one_thread)
        self._limit: contextlib.AbstractContextManager[object] = (
            threading.BoundedSemaphore(limit) if limit else contextlib.nullcontext()
        )

    async def retrieve(self, question: str, count: int) -> Retrieved:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._work, question, count, perf_counter_ns())

    def _work(self, question: str, count: int, requested_ns: int) -> Retrieved:
        with self._limit:
            began = perf_counter_ns()
            vector = self._embeddings.embed_array((question,))[0]
            embedded = perf_counter_ns()
        began_search, hits, ended = _search(self._store, vector, count)
        search = Timing(began_search - embedded, ended - began_search)
        return Retrieved(hits, Timing(began - requested_ns, embedded - began), search)

    def close(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)


class Embedder(Protocol):
    """Makes a question's vector in one place or another."""

    executor: str

    async def embed(self, question: str) -> tuple[Vectors, Timing]: ...
    def close(self) -> None: ...


class LoopEmbedder:
    """On the event loop."""

    executor = LOOP

    def __init__(self, embeddings: ArrayEmbeddings) -> None:
        self._embeddings = embeddings

    async def embed(self, question: str) -> tuple[Vectors, Timing]:
        began = perf_counter_ns()
        vector = self._embeddings.embed_array((question,))[0]
        return vector, Timing(0, perf_counter_ns() - began)

    def close(self) -> None:
        return


class StagedRetrieval:
    """An embedder, then the search: on the event loop, or in a pool of that name and so many threads."""

    def __init__(self, embedder: Embedder, store: FaissStore, pool: str | None, threads: int = 1) -> None:
        self._embedder = embedder
        self._store = store
        self._pool = Pool(threads, pool, use_one_thread) if pool else None
        self.executors = RetrievalExecutors(embed=embedder.executor, search=pool or LOOP)

    async def retrieve(self, question: str, count: int) -> Retrieved:
        vector, embed = await self._embedder.embed(question)
        asked = perf_counter_ns()
        if self._pool is None:
            began, hits, ended = _search(self._store, vector, count)
        else:
            loop = asyncio.get_running_loop()
            began, hits, ended = await loop.run_in_executor(self._pool, _search, self._store, vector, count)
        return Retrieved(hits, embed, Timing(began - asked, ended - began))

    def close(self) -> None:
        self._embedder.close()
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)


def _search(store: FaissStore, vector: Vectors, count: int) -> tuple[int, Hits, int]:
    """What is found, between the times at which it was begun and ended."""
    began = perf_counter_ns()
    hits = store.search_vector(vector, count)
    return began, hits, perf_counter_ns()


def make_retrieval(settings: Settings, embeddings: ArrayEmbeddings, store: FaissStore) -> Retrieval:
    """The way of retrieving that the settings choose."""
    chosen = RetrievalExecutors.chosen(settings)
    limit = settings.embedding_concurrency
    if chosen == LoopRetrieval.executors:
        return LoopRetrieval(embeddings, store)
    if chosen == ThreadedRetrieval.executors:
        return ThreadedRetrieval(embeddings, store, settings.retrieval_threads, limit)
    embedder: Embedder
    if chosen.embed == LOOP:
        embedder = LoopEmbedder(embeddings)
    else:
        embedder = BatchEmbedder(embeddings, limit=limit or 1, window_ms=settings.embedding_batch_ms)
    pool = None if chosen.search == LOOP else chosen.search
    threads = settings.retrieval_threads if chosen.search == RETRIEVAL_POOL else 1
    return StagedRetrieval(embedder, store, pool, threads)
