"""Vector stores that are not ours, put in by settings alone."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import faiss
import numpy as np
import orjson
import pytest
from langchain_core.documents import Document
from langchain_core.vectorstores import InMemoryVectorStore, VectorStore

from target_app import service
from target_app.dialects import QuietSink
from target_app.embeddings import ArrayEmbeddings, Vectors
from target_app.factories import FactoryError
from target_app.llm import make_llm
from target_app.metrics import Metrics
from target_app.pipeline import Answer, Pipeline
from target_app.service import Service
from target_app.settings import Settings
from target_app.wire import AskRequest

IN_MEMORY = "langchain_core.vectorstores:InMemoryVectorStore"
KEY = "sk-test-0123456789abcdef"
REQUESTED = AskRequest(
    query="capital of France", embedding_model="a:b", llm_model="a:b", prompt="Answer.", score_threshold=-1
)


class LetterEmbeddings(ArrayEmbeddings):
    """In the model's place: how often each letter occurs."""

    embedded: list[str] = []  # noqa: RUF012

    def __init__(self, name: str, threads: int | None) -> None: ...

    def embed_array(self, texts: Sequence[str]) -> Vectors:
        self.embedded.extend(texts)
        rows = np.array([np.bincount([ord(c) % 64 for c in text], minlength=64) for text in texts])
        unit: Vectors = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
        return unit


class SyncFaiss(VectorStore):
    """Somebody's store over FAISS without async methods of its own."""

    def __init__(self, documents: Sequence[Document], embedding: Any) -> None:
        self.documents = documents
        vectors = embedding.embed_documents([one.page_content for one in documents])
        self.index = faiss.IndexFlatIP(len(vectors[0]))
        self.index.add(np.array(vectors, dtype=np.float32))
        self._embedding = embedding

    def similarity_search_with_score(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        vector = np.array([self._embedding.embed_query(args[0])], dtype=np.float32)
        scores, places = self.index.search(vector, kwargs["k"])
        return [(self.documents[place], score) for place, score in zip(places[0], scores[0], strict=True)]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        raise AssertionError

    @classmethod
    def from_texts(
        cls, texts: list[str], embedding: Any, metadatas: Any = None, *, ids: Any = None, **kwargs: Any
    ) -> SyncFaiss:
        parts = zip(texts, metadatas, strict=True)
        return cls([Document(page_content=text, metadata=data) for text, data in parts], embedding)


class Foreign(SyncFaiss):
    """A store filled by others, which embeds by itself."""

    def __init__(self, documents: Sequence[Document], embedding: Any) -> None: ...

    def similarity_search_with_score(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        return [(Document(id="theirs", page_content="Lutetia"), 0.5)]


class Scoreless(Foreign):
    def similarity_search_with_score(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        raise NotImplementedError


Put = Callable[[Any], str]


@pytest.fixture
def settings(
    knowledge: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Settings]]:
    monkeypatch.setattr(service, "SentenceTransformerEmbeddings", LetterEmbeddings)
    LetterEmbeddings.embedded.clear()

    def made(**changes: Any) -> Settings:
        fixed = {"retrieval": "langchain", "use_mock_llm": True, "openai_api_key": KEY}
        return Settings(knowledge_base_dir=knowledge, cache_dir=tmp_path, **{**fixed, **changes})

    return made  # type: ignore[return-value]


async def answer_of(settings: Settings, count: int = 1) -> tuple[list[Answer], dict[str, str]]:
    """The answers to the same question asked `count` times at once, and the paths."""
    built, llm = Service(settings), make_llm(settings)
    pipeline = Pipeline(built, llm, Metrics())
    try:
        await built.load()
        sinks = [QuietSink() for _ in range(count)]
        answers = await asyncio.gather(*(pipeline.answer(REQUESTED, sink) for sink in sinks))
        assert not any(sink.failure for sink in sinks)
        return [one for one in answers if one], pipeline.paths()
    finally:
        pipeline.close()
        built.close()
        await llm.close()


def ask(settings: Settings, count: int = 1) -> tuple[list[Answer], dict[str, str]]:
    return asyncio.run(answer_of(settings, count))


def ids(answer: Answer) -> list[str]:
    return [one["id"] for one in orjson.loads(orjson.dumps(answer.documents))]


@pytest.mark.parametrize(("store", "search"), [
    ("", "FaissStore@default-executor"), (IN_MEMORY, "InMemoryVectorStore@own-async"),
    (f"{IN_MEMORY}.from_documents", "InMemoryVectorStore@own-async"),
    (SyncFaiss, "SyncFaiss@default-executor"),
], ids=["ours", "a class", "its method", "a class without ids"])  # fmt: skip
def test_any_store_finds_what_ours_finds_and_its_stages_are_timed(
    settings: Callable[..., Settings], put: Put, store: Any, search: str
) -> None:
    name = store if isinstance(store, str) else put(store)
    expected, _ = ask(settings(retrieval="async"))
    answers, paths = ask(settings(langchain_store=name), count=12)
    assert (paths["embed"], paths["search"]) == ("LetterEmbeddings@default-executor", search)
    assert len(answers) == 12
    for answer in answers:
        assert ids(answer) == ids(expected[0])
        assert min(answer.timings[stage]["running_ms"] for stage in ("embed", "search")) > 0
        total = sum(sum(times.values()) for times in answer.timings.values())
        assert total <= answer.total_s * 1e3


@pytest.mark.parametrize(
    ("store", "embed"), [("", "MockedEmbeddings@default-executor"), (IN_MEMORY, "MockedEmbeddings@loop")]
)
def test_a_mock_moves_the_embedding_alone(settings: Callable[..., Settings], store: str, embed: str) -> None:
    _, real = ask(settings(langchain_store=store))
    answers, mocked = ask(settings(langchain_store=store, use_mock_embeddings=True))
    assert mocked["embed"] == embed
    assert {stage for stage in real if real[stage] != mocked[stage]} == {"embed"}
    assert answers[0].timings["embed"]["running_ms"] < 1


def test_a_store_gets_the_vectors_that_are_there_and_embeds_what_is_new(
    settings: Callable[..., Settings], put: Put
) -> None:
    """Mocked or not: the passages' vectors are the model's, and cost nothing again."""
    asyncio.run(Service(settings()).load())
    LetterEmbeddings.embedded.clear()
    given: list[list[float]] = []

    def factory(documents: list[Document], embeddings: Any) -> VectorStore:
        known = documents[0].page_content
        given.extend(embeddings.embed_documents([known, "something new", known]))
        return InMemoryVectorStore.from_documents(documents, embeddings)

    built = Service(settings(langchain_store=put(factory)))
    loaded = asyncio.run(built.load())
    assert "something new" in LetterEmbeddings.embedded
    assert loaded.store.passages[0].text not in LetterEmbeddings.embedded[:1]
    assert given[0] == given[2] == LetterEmbeddings("", None).embed_query(loaded.store.passages[0].text)


def test_a_store_that_embeds_by_itself_has_one_time_and_shows_its_own_documents(
    settings: Callable[..., Settings], put: Put
) -> None:
    (answer,), paths = ask(settings(langchain_store=put(Foreign)))
    assert (paths["embed"], paths["search"]) == ("Foreign@default-executor",) * 2
    assert "embed" not in answer.timings
    assert answer.timings["search"]["running_ms"] > 0
    assert ids(answer) == ["theirs"]


@pytest.mark.parametrize(("factory", "changes", "said"), [
    (Foreign, {"use_mock_embeddings": True}, "does not use the embeddings"),
    (Scoreless, {}, r"Scoreless\.asimilarity_search_with_score failed: NotImplementedError"),
    (lambda documents, embeddings: {}, {}, "made a dict, not a VectorStore"),
    (lambda: None, {}, "the factory failed: TypeError"),
])  # fmt: skip
def test_a_store_that_is_of_no_use_is_refused_while_it_loads(
    settings: Callable[..., Settings], put: Put, factory: Any, changes: dict[str, Any], said: str
) -> None:
    with pytest.raises(FactoryError, match=rf"LANGCHAIN_STORE.*{said}"):
        asyncio.run(Service(settings(langchain_store=put(factory), **changes)).load())
