"""What one answer amounts to: a fold over its events, each stamped with when it arrived."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import orjson

from records.request import StageTimings, TokenSource

MOCK_ANSWER = "Mock response to:"
_NUMBER = re.compile(r"0x[0-9a-fA-F]+|\d+")
_LONG = 160


def normalised(message: object) -> str:
    """An error message in one line, with numbers replaced, so that equal failures count together."""
    return _NUMBER.sub("N", " ".join(str(message).split()))[:_LONG]


class Answer:
    """Times are monotonic nanoseconds. ``ended_ns`` is set by the terminal event, not by end of file."""

    def __init__(self) -> None:
        self.events = 0
        self.tokens = 0
        self.first_event_ns: int | None = None
        self.first_token_ns: int | None = None
        self.last_token_ns: int | None = None
        self.ended_ns: int | None = None
        self.gaps_us: list[int] = []
        self.error: str | None = None
        self.restarted = False
        self.usage_tokens: int | None = None
        self.documents: int | None = None
        self.stages: StageTimings | None = None
        self.config: str | None = None
        self.begin = ""

    @property
    def mocked(self) -> bool:
        return self.begin.startswith(MOCK_ANSWER)

    @property
    def may_be_mocked(self) -> bool:
        """More of the text is needed to tell."""
        return MOCK_ANSWER.startswith(self.begin)

    @property
    def token_count(self) -> tuple[int, TokenSource]:
        return (self.tokens, "events") if self.usage_tokens is None else (self.usage_tokens, "usage")

    def token(self, text: object, at_ns: int) -> str | None:
        """A piece of answer text, given back. Empty ones (role chunks, last chunks) are no tokens."""
        if not isinstance(text, str) or not text:
            return None
        self.tokens += 1
        if self.last_token_ns is None:
            self.first_token_ns = at_ns
        else:
            self.gaps_us.append((at_ns - self.last_token_ns) // 1000)
        self.last_token_ns = at_ns
        if self.may_be_mocked:
            self.begin += text
        return text

    def plain_tokens(self, count: int, at_ns: int) -> None:
        """Events that came together, each one token and nothing else."""
        self.events += count
        self.tokens += count
        if self.last_token_ns is None:
            self.first_token_ns = at_ns
        else:
            self.gaps_us.append((at_ns - self.last_token_ns) // 1000)
        if count > 1:
            self.gaps_us += [0] * (count - 1)
        self.last_token_ns = at_ns

    def restart(self) -> None:
        """The server threw away what it had said (a fallback): the tokens start again."""
        self.restarted = True
        self.tokens = 0
        self.first_token_ns = self.last_token_ns = None
        self.gaps_us = []
        self.begin = ""

    def fail(self, message: object) -> None:
        if self.error is None:
            self.error = normalised(message)


Fold = Callable[[Answer, bytes, int], str | None]
"""(answer, an event's data, monotonic ns of its arrival) -> the text, where the event was a token's."""


def load(answer: Answer, payload: bytes) -> dict[str, Any] | None:
    """The event as an object; what is none is an error of the stream."""
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        try:
            event = _leniently(payload)
        except (ValueError, RecursionError):
            answer.fail("an event is not JSON")
            return None
    if not isinstance(event, dict):
        answer.fail("an event is not a JSON object")
        return None
    return event


def _leniently(payload: bytes) -> Any:
    """Half a character, a lone surrogate or a raw tab in a text is not JSON to the letter; servers send it,
    and clients show the text. Raises ValueError, RecursionError."""
    event = json.loads(payload.decode("utf-8", "replace"), strict=False)
    # Without the surrogates, which no record can hold.
    return orjson.loads(json.dumps(event, ensure_ascii=False).encode("utf-8", "replace"))


def error_message(payload: bytes) -> str:
    """What an event named ``error`` says: its ``error.message``, ``error``, ``message``, or all of it."""
    try:
        event = orjson.loads(payload)
    except orjson.JSONDecodeError:
        event = None
    error = event.get("error", event) if isinstance(event, dict) else event
    said = error.get("message") if isinstance(error, dict) else error
    return str(said or payload.decode("utf-8", "replace"))
