"""The LLM that costs nothing: it says the question back, in process and at once."""

from __future__ import annotations

from collections.abc import Iterator

PREFIX = "Mock response to: "
"""How every answer begins. Reserved: no other mock's answer begins so, for clients tell mocks by it."""


def stream_words(question: str) -> Iterator[str]:
    """``Mock response to: <question>`` word by word; the pieces joined are exactly that text."""
    text = PREFIX + question
    start = 0
    while start < len(text):
        space = text.find(" ", start)
        end = len(text) if space < 0 else space + 1
        yield text[start:end]
        start = end
