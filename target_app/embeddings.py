"""The two sources of vectors behind LangChain's `Embeddings`: the real model's base, and the mock."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from mocks.embeddings import MockEmbeddings
from target_app.dial import Dial

Vectors = NDArray[np.float32]


class ModelError(Exception):
    """The model is not there, is not the one meant, or cannot be loaded; the message is for the user."""


class ArrayEmbeddings(Embeddings):
    """LangChain's `Embeddings` whose vectors are rows of one array: a list of floats costs 20 times more."""

    torch_threads: int | None = None
    """With how many a model computes; None: it says no such thing."""

    @abstractmethod
    def embed_array(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dimension) float32, each row of length 1."""

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        """The same for thousands of texts; a slow model tells its progress."""
        return self.embed_array(texts)

    def check(self) -> None:
        """What `MODEL_LOADING=per-request` does before each answer; nothing where there is no model."""

    def embed_documents(self, texts: list[str]) -> list[list[float]]:
        found: list[list[float]] = self.embed_passages(texts).tolist()
        return found

    def embed_query(self, text: str) -> list[float]:
        found: list[float] = self.embed_array([text])[0].tolist()
        return found


class DialledEmbeddings(ArrayEmbeddings):
    """A model whose embedding of questions the dial slows, wherever it is done."""

    def __init__(self, source: ArrayEmbeddings, dial: Dial) -> None:
        self._source = source
        self._dial = dial
        self.torch_threads = source.torch_threads

    def embed_array(self, texts: Sequence[str]) -> Vectors:
        return self._dial.run("embed", lambda: self._source.embed_array(texts))

    def embed_passages(self, texts: Sequence[str]) -> Vectors:
        return self._source.embed_passages(texts)


class MockedEmbeddings(ArrayEmbeddings):
    """The mock of `mocks.embeddings` among the passages' vectors, in LangChain's shape."""

    def __init__(self, vectors: Vectors) -> None:
        self._mock = MockEmbeddings(vectors)

    def embed_array(self, texts: Sequence[str]) -> Vectors:
        return self._mock.embed(texts)
