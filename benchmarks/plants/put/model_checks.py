"""The check of the model's files that `MODEL_LOADING=per-request` does on the event loop is done so often."""

from __future__ import annotations

from target_app.model import SentenceTransformerEmbeddings


def put(amount: float) -> None:
    check_once = SentenceTransformerEmbeddings.check

    def check(self: SentenceTransformerEmbeddings) -> None:
        for _ in range(round(amount)):
            check_once(self)

    SentenceTransformerEmbeddings.check = check  # type: ignore[method-assign]
