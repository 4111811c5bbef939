"""`RETRIEVAL=langchain`: any `VectorStore`, searched through its own async method, and timed from outside."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from dataclasses import dataclass, field
from time import perf_counter_ns
from typing import Any, cast

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from target_app.corpus import SNIPPET_CHARS, Passage
from target_app.embeddings import ArrayEmbeddings, MockedEmbeddings, Vectors
from target_app.executors import DEFAULT_EXECUTOR, LOOP, OWN_ASYNC, UNKNOWN, RetrievalExecutors
from target_app.factories import FactoryError, find_factory, in_words, made
from target_app.index import FaissStore
from target_app.settings import Settings
from target_app.stages import Hits, Retrieved, Timing


@dataclass(slots=True)
class Search:
    """One search as its embeddings see it; the store's threads know it by their context."""

    requested_ns: int
    embedded: list[tuple[int, int]] = field(default_factory=list)
    """When each embedding began and ended."""
    on_loop: bool = False
    by_async: bool = False

    def timings(self, ended_ns: int) -> tuple[Timing | None, Timing]:
        """Of embedding and searching. Where nothing was seen to be embedded there is one time, not two."""
        whole = ended_ns - self.requested_ns
        if not self.embedded:
            return None, Timing(0, whole)
        queued = self.embedded[0][0] - self.requested_ns
        running = sum(ended - began for began, ended in self.embedded)
        return Timing(queued, running), Timing(0, max(0, whole - queued - running))


_search: ContextVar[Search | None] = ContextVar("search", default=None)


class TimedEmbeddings(Embeddings):
    """What a store is given: questions are embedded by the source, and timed; passages are already embedded.

    It has no async methods of its own, as most have none: LangChain's hop to the default executor. A mock
    needs none, for it answers at once.
    """

    def __init__(self, source: ArrayEmbeddings, passages: Sequence[Passage], vectors: Vectors) -> None:
        self.source = source
        self.calls = 0
        self._vectors = vectors
        self._places = {passage.text: place for place, passage in enumerate(passages)}

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        unknown = [text for text in texts if text not in self._places]
        fresh = dict(zip(unknown, self.source.embed_documents(unknown), strict=True)) if unknown else {}
        return [
            fresh[text] if text in fresh else self._vectors[self._places[text]].tolist() for text in texts
        ]

    def embed_query(self, text: str) -> list[float]:
        self.calls += 1
        began = perf_counter_ns()
        vector = self.source.embed_query(text)
        search = _search.get()
        if search is not None:
            search.embedded.append((began, perf_counter_ns()))
            search.on_loop = _on_a_loop()
        return vector

    async def aembed_query(self, text: str) -> list[float]:
        if isinstance(self.source, MockedEmbeddings):
            return self.embed_query(text)
        search = _search.get()
        if search is not None:
            search.by_async = True
        return await super().aembed_query(text)


def _on_a_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True


class LangChainRetrieval:
    """Asks `asimilarity_search_with_score`, which embeds and searches wherever the store has it done."""

    def __init__(self, store: VectorStore, embeddings: TimedEmbeddings, passages: Sequence[Passage]) -> None:
        self.store = store
        self._embeddings = embeddings
        self._places = {passage.id: place for place, passage in enumerate(passages)}
        self._searched_by = DEFAULT_EXECUTOR if falls_back(store) else OWN_ASYNC
        self.executors = RetrievalExecutors(embed=UNKNOWN, search=self._searched_by)
        self.embeds_itself = False
        """The store was not seen to use the embeddings that it was given."""

    async def probe(self, question: str) -> None:
        """Ask once, to see that the store can be asked, and what embeds its questions.

        Raises:
            FactoryError: it cannot be searched so, or a mock would mock nothing.
        """
        name, calls, search = type(self.store).__name__, self._embeddings.calls, Search(perf_counter_ns())
        try:
            await self._ask(question, 1, search)
        except Exception as error:  # each store raises its own
            said = f"{name}.asimilarity_search_with_score failed: {in_words(error)}"
            raise FactoryError(f"LANGCHAIN_STORE: {said}") from error
        self.embeds_itself = self._embeddings.calls == calls
        if self.embeds_itself and isinstance(self._embeddings.source, MockedEmbeddings):
            said = f"{name} does not use the embeddings it is given, so that none can be mocked"
            raise FactoryError(f"LANGCHAIN_STORE: {said}")
        self.executors = RetrievalExecutors(embed=self._embedded_by(search), search=self._searched_by)

    def _embedded_by(self, search: Search) -> str:
        if self.embeds_itself:
            return self._searched_by
        if search.embedded and search.on_loop:
            return LOOP
        hopped = search.by_async or self._searched_by == DEFAULT_EXECUTOR
        return DEFAULT_EXECUTOR if search.embedded and hopped else UNKNOWN

    async def retrieve(self, question: str, count: int) -> Retrieved:
        search = Search(perf_counter_ns())
        found = await self._ask(question, count, search)
        embed, searching = search.timings(perf_counter_ns())
        return Retrieved(found, embed, searching)

    async def _ask(self, question: str, count: int, search: Search) -> Hits:
        token = _search.set(search)
        try:
            found = await self.store.asimilarity_search_with_score(question, k=count)
        finally:
            _search.reset(token)
        return [(self._passage(document), _score(score)) for document, score in found]

    def _passage(self, document: Document) -> int | Passage:
        """The place of one of ours; what else a store holds is a passage of its own."""
        name = document.id or str(document.metadata.get("id", ""))
        place = self._places.get(name)
        if place is not None:
            return place
        text = document.page_content
        return Passage(id=name or "document", snippet=text[:SNIPPET_CHARS], text=text)

    def close(self) -> None:
        return


def _score(score: Any) -> float:
    number = float(score)
    if not math.isfinite(number):
        raise ValueError(f"the store gave a score of {number}")
    return number


def falls_back(store: VectorStore) -> bool:
    """Is its async search LangChain's own: the synchronous one in the event loop's default executor?"""
    own = type(store).asimilarity_search_with_score
    return own is VectorStore.asimilarity_search_with_score


def make_langchain_retrieval(
    settings: Settings, source: ArrayEmbeddings, ours: FaissStore, vectors: Vectors
) -> LangChainRetrieval:
    """The store that `LANGCHAIN_STORE` names, or ours. Raises FactoryError."""
    embeddings = TimedEmbeddings(source, ours.passages, vectors)
    if not settings.langchain_store:
        store: VectorStore = FaissStore(ours.passages, ours.index, embeddings)
        return LangChainRetrieval(store, embeddings, ours.passages)
    documents = [
        Document(
            id=passage.id,
            page_content=passage.text,
            metadata={"id": passage.id, "snippet": passage.snippet},
        )
        for passage in ours.passages
    ]
    try:
        factory = find_factory(settings.langchain_store)
        if isinstance(factory, type) and issubclass(factory, VectorStore):
            factory = cast("Callable[..., Any]", factory.from_documents)
        store = made(VectorStore, factory, documents, embeddings)  # type: ignore[type-abstract]
    except FactoryError as error:
        raise FactoryError(f"LANGCHAIN_STORE={settings.langchain_store}: {error}") from error
    return LangChainRetrieval(store, embeddings, ours.passages)
