"""The search compares a question with many more vectors, on the loop; `PLANT_AMOUNT` thousand of them."""

from __future__ import annotations

import numpy as np

from target_app.embeddings import Vectors
from target_app.index import FaissStore


def put(amount: float) -> None:
    search_here = FaissStore.search_vector
    rows = np.random.RandomState(0).standard_normal((int(amount * 1000), 384)).astype(np.float32)

    def search(self: FaissStore, vector: Vectors, count: int) -> list[tuple[int, float]]:
        np.argpartition(rows @ vector, -count)
        return search_here(self, vector, count)

    FaissStore.search_vector = search  # type: ignore[method-assign]
