"""The vector index: FAISS behind LangChain's `VectorStore`, cosine as inner product of unit vectors."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import faiss
import numpy as np
from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore

from target_app.corpus import Passage
from target_app.dial import Dial
from target_app.embeddings import Vectors

HNSW_NEIGHBOURS = 32
HNSW_BUILD_EFFORT = 100
HNSW_SEARCH_EFFORTS = (48, 64, 96, 128, 192, 256, 512)
FLAT = faiss.IndexFlatIP
HNSW = faiss.IndexHNSWFlat
RECALL_BOUND = 0.95
RECALL_DEPTH = 5


class FaissStore(VectorStore):
    """Passages and their vectors; thread-safe for searching."""

    def __init__(self, passages: Sequence[Passage], index: Any, embedding: Embeddings) -> None:
        self.passages = list(passages)
        self.index = index
        self.dial: Dial | None = None
        self._embedding = embedding

    @property
    def embeddings(self) -> Embeddings:
        return self._embedding

    def search_vector(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        """(place of the passage, cosine) of the nearest `count` passages, best first."""
        if self.dial is not None:
            return self.dial.run("search", lambda: self._search(vector, count))
        return self._search(vector, count)

    def _search(self, vector: Vectors, count: int) -> list[tuple[int, float]]:
        scores, places = self.index.search(vector.reshape(1, -1), min(count, len(self.passages)))
        return [
            (place, score)
            for place, score in zip(places[0].tolist(), scores[0].tolist(), strict=True)
            if place >= 0
        ]

    def similarity_search_with_score(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        query, count = (*args, 4)[:2]
        vector = np.asarray(self._embedding.embed_query(query), dtype=np.float32)
        return self._documents(vector, kwargs.get("k", count))

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [document for document, _ in self.similarity_search_with_score(query, k)]

    def similarity_search_by_vector(
        self, embedding: list[float], k: int = 4, **kwargs: Any
    ) -> list[Document]:
        return [document for document, _ in self._documents(np.asarray(embedding, dtype=np.float32), k)]

    def _documents(self, vector: Vectors, count: int) -> list[tuple[Document, float]]:
        found = []
        use_one_thread()  # LangChain calls from threads that we did not begin
        for place, score in self.search_vector(vector, count):
            passage = self.passages[place]
            found.append((Document(id=passage.id, page_content=passage.snippet), score))
        return found

    def add_texts(
        self,
        texts: Iterable[str],
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> list[str]:
        added = list(texts)
        names = ids or [f"text-{len(self.passages) + number}" for number in range(len(added))]
        vectors = np.asarray(self._embedding.embed_documents(added), dtype=np.float32)
        self.index.add(vectors)
        self.passages += [
            Passage(id=name, snippet=text, text=text) for name, text in zip(names, added, strict=True)
        ]
        return names

    @classmethod
    def from_texts(
        cls,
        texts: list[str],
        embedding: Embeddings,
        metadatas: list[dict[str, Any]] | None = None,
        *,
        ids: list[str] | None = None,
        **kwargs: Any,
    ) -> FaissStore:
        vectors = np.asarray(embedding.embed_documents(texts), dtype=np.float32)
        names = ids or [f"text-{number}" for number in range(len(texts))]
        passages = [
            Passage(id=name, snippet=text, text=text) for name, text in zip(names, texts, strict=True)
        ]
        return cls(passages, build_flat(vectors), embedding)


def use_one_thread() -> None:
    """FAISS's OpenMP team costs more than a search; OpenMP counts per calling thread, so call it in each."""
    faiss.omp_set_num_threads(1)


def build_flat(vectors: Vectors) -> Any:
    """An exact index: every vector is looked at."""
    index = FLAT(vectors.shape[1])
    index.add(vectors)
    return index


def build_hnsw(vectors: Vectors) -> Any:
    """A navigable graph: a few hundred vectors are looked at. The same graph every time (one thread)."""
    use_one_thread()
    index = HNSW(vectors.shape[1], HNSW_NEIGHBOURS, faiss.METRIC_INNER_PRODUCT)
    index.hnsw.efConstruction = HNSW_BUILD_EFFORT
    index.add(vectors)
    index.hnsw.efSearch = HNSW_SEARCH_EFFORTS[0]
    return index


def recall(index: Any, exact: Any, probes: Vectors, depth: int = RECALL_DEPTH) -> float:
    """Share of the exact index's first `depth` answers that `index` finds too."""
    depth = min(depth, exact.ntotal)
    _, expected = exact.search(probes, depth)
    _, found = index.search(probes, depth)
    hits: int = sum(len(set(a) & set(b)) for a, b in zip(expected.tolist(), found.tolist(), strict=True))
    return hits / max(1, int(expected.size))


def tune(index: Any, exact: Any, probes: Vectors) -> float:
    """Raise the search effort until the recall bound is met; the recall reached is returned."""
    reached = 0.0
    for effort in HNSW_SEARCH_EFFORTS:
        index.hnsw.efSearch = effort
        reached = recall(index, exact, probes)
        if reached >= RECALL_BOUND:
            break
    return reached


def search_cost_ms(store: FaissStore, probes: Vectors) -> float:
    """Time of one search in milliseconds: the first quartile, for what else the machine does only adds."""
    costs = []
    for probe in probes[:50]:
        began = time.perf_counter()
        store.search_vector(probe, RECALL_DEPTH)
        costs.append((time.perf_counter() - began) * 1e3)
    return float(np.quantile(costs, 0.25))
