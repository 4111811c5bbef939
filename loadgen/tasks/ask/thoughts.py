"""What a model thinks before it answers, and every name that services give it."""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any

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
MAY_BEGIN_IT = b"</"
"""A text that ends with one of these may end with its beginning, the rest being in the next one."""
_ENDS_THEM = re.compile(r"(?<![ \t`'\"(\[{])" + CLOSING)
"""Without the opening one it counts where a line or a piece of text begins with it, or behind a word. Behind
a blank, a quote or a bracket somebody writes about it, and his answer is one from its first word."""


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


def without_closing(text: str) -> str | None:
    """What follows a closing mark with which a text begins; None where it begins otherwise."""
    said = text.lstrip()
    mark = next((mark for mark in MARKS.values() if said.startswith(mark)), None)
    return None if mark is None else said.removeprefix(mark)


def after_closing(text: str) -> str | None:
    """What follows the mark that ends thoughts which a prompt began; None where there is no such mark."""
    found = _ENDS_THEM.search(text) if CLOSING in text else None
    return None if found is None else text[found.end() :]


def closing_begun(text: str) -> str:
    """The end of a text that may be the beginning of that mark; empty where there is none."""
    if "<" not in text:
        return ""
    for size in range(min(len(CLOSING) - 1, len(text)), 0, -1):
        if text.endswith(CLOSING[:size]):
            whole = text[: len(text) - size] + CLOSING
            return CLOSING[:size] if _ENDS_THEM.search(whole) else ""
    return ""


def is_thought(part: dict[str, Any]) -> bool:
    """Is this delta, or part of one, marked as thought as a whole?"""
    kind = part.get("type")
    if isinstance(kind, str) and of_thoughts(kind):
        return True
    if part.get("thought") is True or part.get("is_thinking") is True:
        return True
    extra = part.get("extra_content")  # Gemini's endpoint for clients of OpenAI
    google = extra.get("google") if isinstance(extra, dict) else None
    return isinstance(google, dict) and google.get("thought") is True
