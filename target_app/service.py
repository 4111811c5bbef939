"""What is loaded once: model, corpus, index. Loads in a thread, so that `/health` answers meanwhile."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass

import orjson

from target_app.cache import load_or_build
from target_app.corpus import load_corpus
from target_app.embeddings import ArrayEmbeddings, MockedEmbeddings, unloaded_dimension
from target_app.index import (
    RECALL_BOUND,
    FaissStore,
    build_flat,
    recall,
    search_cost_ms,
    tune,
    use_one_thread,
)
from target_app.retrieval import Retrieval, make_retrieval
from target_app.settings import Settings

log = logging.getLogger("uvicorn.error")


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """All that answering needs."""

    embeddings: ArrayEmbeddings
    store: FaissStore
    retrieval: Retrieval
    document_heads: tuple[bytes, ...]

    def document_json(self, place: int, score: float) -> bytes:
        """One found document as JSON; all but the score was written at start."""
        return b"%b%.6f}" % (self.document_heads[place], score)


class Service:
    """The settings and, once loaded, the rest."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.loaded: Loaded | None = None
        self._loading: asyncio.Future[Loaded] | None = None

    async def load(self) -> Loaded:
        """Load once, whoever asks first; the others wait for the same. What failed is tried again when asked.

        Raises:
            ModelError, CorpusError: there is nothing to load.
        """
        if self.loaded is None:
            if self._loading is None or _failed(self._loading):
                loop = asyncio.get_running_loop()
                self._loading = loop.run_in_executor(None, load, self.settings)
            self.loaded = await asyncio.shield(self._loading)  # one client's leaving stops nobody's loading
        return self.loaded

    @property
    def ready(self) -> bool:
        return self.loaded is not None or self.settings.model_loading == "lazy"

    def close(self) -> None:
        if self.loaded is not None:
            self.loaded.retrieval.close()


def _failed(loading: asyncio.Future[Loaded]) -> bool:
    return loading.done() and (loading.cancelled() or loading.exception() is not None)


def make_embeddings(settings: Settings) -> ArrayEmbeddings:
    """The mock, or the model: torch is imported only for the latter."""
    if settings.use_mock_embeddings:
        return MockedEmbeddings(unloaded_dimension(settings.embedding_model, settings.embedding_dimension))
    from target_app.model import SentenceTransformerEmbeddings

    return SentenceTransformerEmbeddings(settings.embedding_model, settings.torch_threads)


def load(settings: Settings) -> Loaded:
    """Model, corpus and index; on a thread of its own."""
    began = time.monotonic()
    use_one_thread()
    corpus = load_corpus(settings.knowledge_base_dir)
    embeddings = make_embeddings(settings)
    built = load_or_build(settings.cache_path, corpus, embeddings)
    exact = build_flat(built.vectors)
    index = exact
    if settings.index == "hnsw":
        index = built.graph
        # Mock vectors are random: neighbours by chance, which no effort finds cheaply. They get the effort
        # that real ones start with, so that a search costs the same.
        tuned = not settings.use_mock_embeddings
        reached = tune(index, exact, built.probes) if tuned else recall(index, exact, built.probes)
        log.info("index: HNSW finds %.3f of what flat finds (effort %d)", reached, index.hnsw.efSearch)
        if tuned and reached < RECALL_BOUND:
            log.warning("index: HNSW's recall is below %.2f, INDEX=flat finds all", RECALL_BOUND)
    store = FaissStore(corpus.passages, index, embeddings)
    search_ms = search_cost_ms(store, built.probes)
    embed_ms = embed_cost_ms(embeddings, corpus.questions)
    log.info(
        "ready in %.1f s: %s, %d passages, embed %.3f ms, search %.3f ms, %s %s",
        time.monotonic() - began,
        settings.configuration,
        len(corpus.passages),
        embed_ms,
        search_ms,
        settings.retrieval,
        settings.index,
    )
    return Loaded(
        embeddings=embeddings,
        store=store,
        retrieval=make_retrieval(settings, embeddings, store, search_ms=search_ms, embed_ms=embed_ms),
        document_heads=tuple(
            b'{"id":%b,"snippet":%b,"score":' % (_json(passage.id), _json(passage.snippet))
            for passage in corpus.passages
        ),
    )


def _json(text: str) -> bytes:
    """Text as JSON; lone surrogates, of which files and docstrings are not always free, are replaced."""
    return orjson.dumps(text.encode("utf-8", "replace").decode())


def embed_cost_ms(embeddings: ArrayEmbeddings, questions: tuple[str, ...]) -> float:
    """Median time to embed one question, in milliseconds; warms the model up besides."""
    costs = []
    for question in (questions * 8)[:8]:
        began = time.perf_counter()
        embeddings.embed_array((question,))
        costs.append((time.perf_counter() - began) * 1e3)
    return sorted(costs)[len(costs) // 2]
