"""The two sources of vectors behind LangChain's `Embeddings`: the real model's base, and the mock."""

from __future__ import annotations

import json
from abc import abstractmethod
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from langchain_core.embeddings import Embeddings
from numpy.typing import NDArray

from mocks.embeddings import MockEmbeddings

DEFAULT_DIMENSION = 384
KNOWN_DIMENSIONS = {"all-mpnet-base-v2": 768, "all-distilroberta-v1": 768, "multi-qa-mpnet-base-dot-v1": 768}


class ModelError(Exception):
    """The model is not there, is not the one meant, or cannot be loaded; the message is for the user."""


class ArrayEmbeddings(Embeddings):
    """LangChain's `Embeddings` whose vectors are rows of one array: a list of floats costs 20 times more."""

    identity: str
    """What names this source of vectors in the index cache."""
    dimension: int

    @abstractmethod
    def embed_array(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dimension) float32, each row of length 1."""

    def embed_passages(self, texts: Sequence[str]) -> NDArray[np.float32]:
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


class MockedEmbeddings(ArrayEmbeddings):
    """The mock of `mocks.embeddings`, in LangChain's shape."""

    def __init__(self, dimension: int) -> None:
        self._mock = MockEmbeddings(dimension)
        self.dimension = dimension
        self.identity = f"mock-{dimension}"

    def embed_array(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._mock.embed(texts)


def unloaded_dimension(model: str, configured: int) -> int:
    """Dimension of a model that is not loaded: as configured, as its folder says, as known, else 384."""
    if configured:
        return configured
    described = Path(model) / "config.json"
    if model and described.is_file():
        try:
            return int(json.loads(described.read_text(encoding="utf-8"))["hidden_size"])
        except (ValueError, KeyError, OSError):
            return DEFAULT_DIMENSION
    return KNOWN_DIMENSIONS.get(model.rpartition("/")[2], DEFAULT_DIMENSION)
