"""What is loaded once: model, corpus, index. Loads in a thread, so that `/health` answers meanwhile."""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from typing import Any

import orjson

from target_app.cache import Built, load_or_build
from target_app.corpus import Corpus, Passage, load_corpus
from target_app.dial import Dial
from target_app.embeddings import ArrayEmbeddings, DialledEmbeddings, MockedEmbeddings
from target_app.executors import LOOP, RetrievalExecutors
from target_app.index import (
    FLAT,
    HNSW,
    RECALL_BOUND,
    FaissStore,
    build_flat,
    search_cost_ms,
    tune,
    use_one_thread,
)
from target_app.langchain_store import LangChainRetrieval, make_langchain_retrieval
from target_app.model import SentenceTransformerEmbeddings
from target_app.model_files import model_identity
from target_app.retrieval import Retrieval, make_retrieval
from target_app.settings import Settings

log = logging.getLogger("uvicorn.error")
SLOW_SEARCH_MS = 2.0
"""On the event loop, a search that takes longer holds everyone else up noticeably."""


@dataclass(frozen=True, kw_only=True)
class Loaded:
    """All that answering needs."""

    embeddings: ArrayEmbeddings
    store: FaissStore
    retrieval: Retrieval
    document_heads: tuple[bytes, ...]

    def document_json(self, hit: int | Passage, score: float) -> bytes:
        """One found document as JSON; of our own passages, all but the score was written at start."""
        head = self.document_heads[hit] if isinstance(hit, int) else document_head(hit)
        return b"%b%.6f}" % (head, score)

    def snippet(self, hit: int | Passage) -> str:
        """The document's text for the prompt."""
        return (self.store.passages[hit] if isinstance(hit, int) else hit).snippet


class Service:
    """The settings and, once loaded, the rest."""

    def __init__(self, settings: Settings, dial: Dial | None = None) -> None:
        self.settings = settings
        self.dial = dial
        self.loaded: Loaded | None = None
        self._loading: asyncio.Future[Loaded] | None = None

    async def load(self) -> Loaded:
        """Load once, whoever asks first; the others wait for the same. What failed is tried again when asked.

        Raises:
            ModelError, CorpusError, FactoryError: there is nothing to load.
        """
        if self.loaded is None:
            if self._loading is None or _failed(self._loading):
                self._loading = asyncio.ensure_future(self._load())
            self.loaded = await asyncio.shield(self._loading)  # one client's leaving stops nobody's loading
        return self.loaded

    async def _load(self) -> Loaded:
        """In a thread, but for a LangChain store's first search: that is done where the others will be."""
        loaded = await asyncio.get_running_loop().run_in_executor(None, load, self.settings, self.dial)
        if isinstance(loaded.retrieval, LangChainRetrieval):
            await loaded.retrieval.probe(loaded.store.passages[0].text)
        return loaded

    @property
    def ready(self) -> bool:
        return self.loaded is not None or self.settings.model_loading == "lazy"

    @property
    def torch_threads(self) -> int | None:
        """With how many the loaded model computes; None: none is loaded."""
        return None if self.loaded is None else self.loaded.embeddings.torch_threads

    def paths(self) -> dict[str, str]:
        """`Class@executor` of the stages that are loaded; before, of what will be."""
        loaded = self.loaded
        if loaded is None:
            embed, search = embeddings_class(self.settings).__name__, search_class(self.settings)
            executors = RetrievalExecutors.chosen(self.settings)
        else:
            embed, search = type(loaded.embeddings).__name__, type(loaded.store.index).__name__
            executors = loaded.retrieval.executors
            if isinstance(loaded.retrieval, LangChainRetrieval):
                search = type(loaded.retrieval.store).__name__
                embed = search if loaded.retrieval.embeds_itself else embed
        return {"embed": f"{embed}@{executors.embed}", "search": f"{search}@{executors.search}"}

    def close(self) -> None:
        if self.loaded is not None:
            self.loaded.retrieval.close()


def _failed(loading: asyncio.Future[Loaded]) -> bool:
    return loading.done() and (loading.cancelled() or loading.exception() is not None)


INDEX_CLASSES: dict[str, type[Any]] = {"hnsw": HNSW, "flat": FLAT}


def embeddings_class(settings: Settings) -> type[ArrayEmbeddings]:
    """The source of the questions' vectors."""
    return MockedEmbeddings if settings.use_mock_embeddings else SentenceTransformerEmbeddings


def search_class(settings: Settings) -> str:
    """The name of what will search, as far as it is known before it is loaded."""
    if settings.retrieval == "langchain":
        return settings.langchain_store or FaissStore.__name__
    return INDEX_CLASSES[settings.index].__name__


def load_index(settings: Settings, corpus: Corpus) -> tuple[ArrayEmbeddings, Built]:
    """The questions' source of vectors, and what is searched: the model's own index, mocked or not. A mock
    needs the model itself, and torch, only where there is no index yet."""

    def load_model() -> SentenceTransformerEmbeddings:
        return SentenceTransformerEmbeddings(settings.embedding_model, settings.torch_threads)

    identity = model_identity(settings.embedding_model)
    if settings.use_mock_embeddings:
        built = load_or_build(settings.cache_path, corpus, identity, load_model)
        return MockedEmbeddings(built.vectors), built
    model = load_model()
    return model, load_or_build(settings.cache_path, corpus, identity, lambda: model)


def choose_index(settings: Settings, built: Built) -> Any:
    """The exact index, or the graph with as much effort as its recall needs."""
    exact = build_flat(built.vectors)
    if settings.index == "flat":
        return exact
    reached = tune(built.graph, exact, built.probes)
    log.info("index: HNSW finds %.3f of what flat finds (effort %d)", reached, built.graph.hnsw.efSearch)
    if reached < RECALL_BOUND:
        log.warning("index: HNSW's recall is below %.2f, INDEX=flat finds all", RECALL_BOUND)
    return built.graph


def load(settings: Settings, dial: Dial | None = None) -> Loaded:
    """Model, corpus and index; on a thread of its own."""
    began = time.monotonic()
    use_one_thread()
    corpus = load_corpus(settings.knowledge_base_dir)
    embeddings, built = load_index(settings, corpus)
    store = FaissStore(corpus.passages, choose_index(settings, built), embeddings)
    source = embeddings  # a mock takes no time that could be made longer
    if dial is not None and not isinstance(embeddings, MockedEmbeddings):
        source = DialledEmbeddings(embeddings, dial)
    retrieval: Retrieval
    if settings.retrieval == "langchain":
        retrieval = make_langchain_retrieval(settings, source, store, built.vectors)
    else:
        retrieval = make_retrieval(settings, source, store)
    search_ms = search_cost_ms(store, built.probes)
    for searched in (store, getattr(retrieval, "store", store)):
        if isinstance(searched, FaissStore):
            searched.dial = dial  # from now on: what was searched till here were no requests
    log.info(
        "ready in %.1f s: %s, %d passages, embed %.3f ms, search %.3f ms, %s %s",
        time.monotonic() - began,
        settings.configuration,
        len(corpus.passages),
        embed_cost_ms(embeddings, corpus.questions),
        search_ms,
        settings.retrieval,
        settings.index,
    )
    if search_ms > SLOW_SEARCH_MS and settings.retrieval == "async" and retrieval.executors.search == LOOP:
        log.warning("a search holds the event loop for %.1f ms: SEARCH_EXECUTOR=pool frees it", search_ms)
    return Loaded(
        embeddings=embeddings,
        store=store,
        retrieval=retrieval,
        document_heads=tuple(document_head(passage) for passage in corpus.passages),
    )


def document_head(passage: Passage) -> bytes:
    """A document as JSON, up to its score."""
    return b'{"id":%b,"snippet":%b,"score":' % (_json(passage.id), _json(passage.snippet))


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
