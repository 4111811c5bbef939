"""Embeddings that cost nothing: a text's vector is made from its hash, in process and at once."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

_OFFSET_BITS = 16
_PARTS = 3  # 3 x 16 bits: a collision of two texts is far rarer than a request in any run
_TABLE_SEED = 20240601


@cache
def _table(dimension: int) -> NDArray[np.float32]:
    """Random rows that vectors are cut out of. RandomState, for NumPy freezes its stream for good."""
    random = np.random.RandomState(_TABLE_SEED)
    return random.standard_normal((_PARTS, (1 << _OFFSET_BITS) + dimension)).astype(np.float32)


class MockEmbeddings:
    """Unit vectors that depend on the text alone: the same in every process, different for other texts.

    They carry no meaning: neighbours found with them are neighbours by chance. The first coordinate is the
    same in all of them and half of each one's length, so that no cosine is negative and a threshold of 0
    drops nothing; the order of neighbours, and with it the cost of a search, is that of the rest alone.
    """

    def __init__(self, dimension: int) -> None:
        if dimension < 1:
            raise ValueError(f"an embedding has at least one dimension, not {dimension}")
        self.dimension = dimension
        self._rows = tuple(_table(dimension))

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """(len(texts), dimension) float32, each row of length 1."""
        vectors = np.empty((len(texts), self.dimension), dtype=np.float32)
        for place, text in enumerate(texts):
            self._write(vectors[place], text)
        return vectors

    def _write(self, vector: NDArray[Any], text: str) -> None:
        first, second, third = self._rows
        digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=6).digest()
        a, b, c = (int.from_bytes(digest[i : i + 2], "little") for i in (0, 2, 4))
        end = self.dimension
        np.add(first[a : a + end], second[b : b + end], out=vector)
        vector += third[c : c + end]
        vector[0] = 0
        vector[0] = np.sqrt(vector.dot(vector)) or 1  # with one dimension there is no rest
        vector /= np.sqrt(vector.dot(vector))
