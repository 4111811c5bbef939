"""Each answer asks a remote store for its vector with a synchronous client, on the event loop."""

from __future__ import annotations

from collections.abc import Sequence

from plants import remote

from target_app.embeddings import MockedEmbeddings, Vectors


def put(amount: float) -> None:
    embed = MockedEmbeddings.embed_array

    def embed_array(self: MockedEmbeddings, texts: Sequence[str]) -> Vectors:
        remote.ask(amount)
        return embed(self, texts)

    MockedEmbeddings.embed_array = embed_array  # type: ignore[method-assign]
