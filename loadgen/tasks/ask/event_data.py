"""An event's data as an object, read as leniently as clients read it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable
from typing import Any

import orjson

from loadgen.client.error_text import beginning
from loadgen.tasks.ask.answer import Answer
from loadgen.tasks.ask.event_errors import error_of_list

NOT_JSON = "an event is not JSON"
NOTHING = (b"null", b"")
"""The data, without blanks around it, by which some gateways keep a connection open."""
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})?')
"""Of JSON; a backslash alone is none."""

_LONG = 19
"""Digits that 64 bits may not hold."""

Fold = Callable[[Answer, bytes, int], str | None]
"""(answer, an event's data, monotonic ns of its arrival) -> the text, where the event was a token's."""


def decoded(answer: Answer, payload: bytes, at_ns: int) -> dict[str, Any]:
    """Count an event and decode it; one that is no object is an error of the stream, and empty."""
    answer.events += 1
    if answer.first_event_ns is None:
        answer.first_event_ns = at_ns
    return _load(answer, payload) or {}


def _load(answer: Answer, payload: bytes) -> dict[str, Any] | None:
    """The event as an object; what is none is an error of the stream."""
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        try:
            event = _leniently(payload)
        except (ValueError, RecursionError):
            answer.fail(f"{NOT_JSON}: {beginning(payload)}")
            return None
    if not isinstance(event, dict):
        said = error_of_list(event) if isinstance(event, list) else None
        answer.fail(said or f"an event is not a JSON object: {beginning(payload)}")
        return None
    return event


def _finite(digits: str) -> float | None:
    number = float(digits)
    return number if math.isfinite(number) else None


def _held(digits: str) -> float | None:
    """Python itself refuses to read thousands of digits as a whole number."""
    return int(digits) if len(digits) < _LONG else _finite(digits)


def _leniently(payload: bytes) -> Any:
    """Half a character, a lone surrogate, a raw tab, a backslash before a letter of no meaning in a text, a
    number that is none (``NaN``) or that nobody can hold (``1e400``) is not JSON to the letter; servers send
    it, and clients show the text. Raises ValueError, RecursionError."""
    text = _ESCAPE.sub(
        lambda found: found[0] if len(found[0]) > 1 else r"\\", payload.decode("utf-8", "replace")
    )
    event = json.loads(
        text, strict=False, parse_constant=lambda _: None, parse_float=_finite, parse_int=_held
    )
    # Without the surrogates, which no record can hold.
    return orjson.loads(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace"))
