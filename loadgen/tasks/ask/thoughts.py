"""What a model thinks before it answers, and every name that services give it."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

_BEGINNINGS = ("reason", "think", "thought")
_NO_WORDS = ("signature", "effort")
EVENT_TYPES = frozenset({"thinking", "reasoning", "thought"})
"""Of the RAG API's events."""
MARKS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<mm:think>": "</mm:think>",
    "[THINK]": "[/THINK]",
    "\u25c1think\u25b7": "\u25c1/think\u25b7",
    "<|channel|>analysis": "<|channel|>final<|message|>",
}
"""Where a service hands thoughts on as text of the answer: what begins them there, and what ends them."""
CLOSING = "</think>"
"""The mark that comes without its opening one, where that is a prompt's last word."""
CLOSING_BYTES = b"/think"
"""Of that mark, however its brackets are written."""


@lru_cache(maxsize=256)
def of_thoughts(name: str) -> bool:
    """Is this the name of thoughts: a delta's field (``reasoning_content``, ``thinking_blocks``), the type of
    a part of its content (``thinking``, ``reasoning.text``)?"""
    return name.startswith(_BEGINNINGS) and not name.endswith(_NO_WORDS)


def counts_of_thoughts(names: Iterable[str]) -> list[str]:
    """Those that count tokens of thoughts: ``reasoning_tokens``, ``thoughts_token_count``."""
    return [name for name in names if name.startswith(_BEGINNINGS) and "token" in name]


def mark_in(begin: str) -> str | None:
    """The opening mark with which a text begins, if it does."""
    return next((mark for mark in MARKS if begin.startswith(mark)), None)


def may_be_mark(begin: str) -> bool:
    """Can a text that begins so still turn out to begin with an opening mark?"""
    return any(mark.startswith(begin) for mark in MARKS)
