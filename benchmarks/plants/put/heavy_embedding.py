"""The embedding model takes so many times as long, as a larger one does."""

from __future__ import annotations

from collections.abc import Sequence

from target_app.embeddings import Vectors
from target_app.model import SentenceTransformerEmbeddings


def put(amount: float) -> None:
    embed_once = SentenceTransformerEmbeddings.embed_array

    def embed(self: SentenceTransformerEmbeddings, texts: Sequence[str]) -> Vectors:
        for _ in range(round(amount) - 1):
            embed_once(self, texts)
        return embed_once(self, texts)

    SentenceTransformerEmbeddings.embed_array = embed  # type: ignore[method-assign]
