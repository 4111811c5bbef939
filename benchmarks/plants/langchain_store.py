"""A LangChain vector store whose search asks a remote store; `PLANT_AMOUNT`: its milliseconds."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

from langchain_core.documents import Document
from langchain_core.embeddings import Embeddings
from langchain_core.vectorstores import VectorStore
from plants import remote

AMOUNT = float(os.environ.get("PLANT_AMOUNT", "0"))


class SyncStore(VectorStore):
    """It has a synchronous method alone: LangChain's asynchronous one hands that to the default executor."""

    def __init__(self, documents: Sequence[Document], embedding: Embeddings) -> None:
        self._documents = list(documents)
        self._embedding = embedding

    def similarity_search_with_score(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        remote.ask(AMOUNT)
        return self._found(args[0], int(kwargs.get("k", 4)))

    def _found(self, query: str, count: int) -> list[tuple[Document, float]]:
        self._embedding.embed_query(query)
        return [(document, 0.9) for document in self._documents[:count]]

    def similarity_search(self, query: str, k: int = 4, **kwargs: Any) -> list[Document]:
        return [document for document, _ in self.similarity_search_with_score(query, k=k)]

    @classmethod
    def from_texts(cls, texts: list[str], embedding: Embeddings, *args: Any, **kwargs: Any) -> SyncStore:
        return cls([Document(page_content=text) for text in texts], embedding)

    @classmethod
    def from_documents(cls, documents: list[Document], embedding: Embeddings, **kwargs: Any) -> SyncStore:
        return cls(documents, embedding)


class AsyncStore(SyncStore):
    """It has an asynchronous method of its own."""

    async def asimilarity_search_with_score(self, *args: Any, **kwargs: Any) -> list[tuple[Document, float]]:
        await remote.ask_async(AMOUNT)
        return self._found(args[0], int(kwargs.get("k", 4)))
