"""Embeddings that cost nothing: a text's hash picks a vector near a stored one, in process and at once."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Vectors = NDArray[np.float32]

QUESTIONS = 8192
"""How many vectors there are to pick from; 12 MiB of 384 dimensions."""
COSINES = (0.68, 0.93)
"""Between a vector and the stored one it was made from: drawn evenly from here."""
TOWARDS_ANOTHER = 0.35
"""How much of the disturbance points to some other stored vector; the rest has a direction of its own."""
_SEED = 20240601


class MockEmbeddings:
    """Unit vectors that depend on the text alone, placed among stored ones as a model's questions are.

    They carry no meaning, but they have a question's geometry, so that searching them costs what searching
    real ones does, and an approximate index finds as much of what is nearest. `COSINES` and
    `TOWARDS_ANOTHER` were fitted to 600 questions on Python's functions over the standard library's 5,223
    passages, embedded by all-MiniLM-L6-v2. Real and mocked: cosine of the nearest passage 0.69, 0.82, 0.91
    and 0.71, 0.80, 0.90 (p10, p50, p90), of the fifth 0.62 and 0.61 (p50), distances that a search of an
    HNSW index computes 630 and 631, its recall 1.00 and 0.995.

    Raises:
        ValueError: `vectors` is not an array of (passages, dimension) with at least one of each.
    """

    def __init__(self, vectors: Vectors) -> None:
        if vectors.ndim != 2 or not vectors.size:
            raise ValueError(f"vectors of (passages, dimension) are needed, not of {vectors.shape}")
        self._questions = _disturbed(vectors, np.random.RandomState(_SEED))
        self._questions.setflags(write=False)

    def embed(self, texts: Sequence[str]) -> Vectors:
        """(len(texts), dimension) float32, each row of length 1; not to be written to."""
        if len(texts) == 1:  # a question: no copy
            place = _place(texts[0])
            return self._questions[place : place + 1]
        return self._questions[[_place(text) for text in texts]]


def _place(text: str) -> int:
    digest = hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=4).digest()
    return int.from_bytes(digest, "little") % QUESTIONS


def _disturbed(vectors: Vectors, random: np.random.RandomState) -> Vectors:
    """`QUESTIONS` unit vectors near stored ones, each stored one in turn. RandomState: NumPy freezes its
    stream for good."""
    stored = _unit(vectors[np.resize(random.permutation(len(vectors)), QUESTIONS)])
    others = vectors[random.randint(len(vectors), size=QUESTIONS)]
    own = random.standard_normal(stored.shape).astype(np.float32)
    direction = math.sqrt(TOWARDS_ANOTHER) * _across(others, stored)
    direction += math.sqrt(1 - TOWARDS_ANOTHER) * _across(own, stored)
    cosine = random.uniform(*COSINES, size=(QUESTIONS, 1)).astype(np.float32)
    sine: Vectors = np.sqrt(1 - cosine**2)
    return _unit(cosine * stored + sine * _across(direction, stored))


def _across(vectors: Vectors, stored: Vectors) -> Vectors:
    """Each vector's part at right angles to its stored one, of length 1, or 0 where there is none."""
    along = np.einsum("ij,ij->i", vectors, stored)[:, None]
    return _unit(vectors - along * stored)


def _unit(vectors: Vectors) -> Vectors:
    lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    scaled: Vectors = (vectors / np.where(lengths > 1e-6, lengths, np.inf)).astype(np.float32)
    return scaled
