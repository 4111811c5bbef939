"""A remote vector store with a synchronous client, asked on whatever thread searches."""

from __future__ import annotations

from plants import remote

from target_app import retrieval
from target_app.embeddings import Vectors
from target_app.index import FaissStore
from target_app.stages import Hits


def put(amount: float) -> None:
    search_here = retrieval._search

    def search(store: FaissStore, vector: Vectors, count: int) -> tuple[int, Hits, int]:
        began, _, _ = search_here(store, vector, count)
        remote.ask(amount)
        _, hits, ended = search_here(store, vector, count)
        return began, hits, ended

    retrieval._search = search
