"""Before an answer its prompt's tokens are counted in Python, on the event loop; a long one takes longer."""

from __future__ import annotations

from target_app import preprocess
from target_app.preprocess import Prepared
from target_app.wire import AskRequest


def put(amount: float) -> None:
    prepare_only = preprocess.prepare

    def prepare(request: AskRequest) -> Prepared:
        for _ in range(round(amount)):
            _tokens(request.query)
        return prepare_only(request)

    preprocess.prepare = prepare


def _tokens(text: str) -> int:
    """As a tokeniser does in Python: pairs of neighbours are merged while there are some to merge."""
    pieces = list(text)
    for size in (2, 4, 8):
        merged, i = [], 0
        while i < len(pieces):
            joined = "".join(pieces[i : i + 2])
            merged.append(joined if len(joined) <= size and joined.isalpha() else pieces[i])
            i += 2 if merged[-1] is joined else 1
        pieces = merged
    return len(pieces)
