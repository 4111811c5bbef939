"""``{question}``: where in a request's body the question goes. Values are filled as they were parsed, so that
quotes and line ends in a question stay in its string. No I/O."""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from typing import Any

import orjson

PLACEHOLDER = "{question}"
LITERAL = "{{question}}"
"""What sends ``{question}`` itself. No other braces mean anything: bodies are full of them."""
_PLACES = re.compile(r"\{(\{question\})\}|\{question\}")
MOST_NESTED = 100
"""Levels of a value: JSON can be written to some 250, and what is kept wraps the body in more."""


def filled(value: Any, question: str) -> Any:
    """The value with the question in its strings, at any depth; names of fields stay as they are. What looks
    like a placeholder in the question is its own."""
    if isinstance(value, str):
        if PLACEHOLDER not in value:
            return value
        return _PLACES.sub(lambda found: found[1] or question, value)
    if isinstance(value, dict):
        return {name: filled(one, question) for name, one in value.items()}
    if isinstance(value, list):
        return [filled(one, question) for one in value]
    return value


def has_place(value: Any) -> bool:
    """Do two questions make two values of it?"""
    return bool(filled(value, "a") != filled(value, "b"))


def holds_literal(value: Any) -> bool:
    """Does it send ``{question}`` itself somewhere?"""
    return bool(filled(value, PLACEHOLDER) != value)


def nested_too_deeply(value: Any) -> bool:
    """Has it more levels than MOST_NESTED?"""
    level = [value]
    for _ in range(MOST_NESTED):
        level = [inner for one in level for inner in _inside(one)]
        if not level:
            return False
    return True


def lacks_quotes(text: str, value: Any) -> bool:
    """Was ``text``, read as ``value``, meant to be JSON, but has its placeholder outside of quotes?"""
    if not isinstance(value, str) or PLACEHOLDER not in text:
        return False
    with suppress(orjson.JSONDecodeError):
        return isinstance(orjson.loads(text.replace(PLACEHOLDER, '""')), dict | list)
    return False


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
