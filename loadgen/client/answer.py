"""What one answer amounts to: a fold over its events, each stamped with when it arrived."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import orjson

from loadgen.client.token_usage import TokenUsage
from records.finish_reasons import GAVE_UP
from records.request import StageTimings, TokenSource

MOCK_ANSWER = "Mock response to:"
THINK, THOUGHT = "<think>", "</think>"
"""Around what some models think, where their service hands it on as text of the answer."""
NOT_JSON = "an event is not JSON"
_NUMBER = re.compile(
    r"(?P<said>(?<![a-z])(?:port|status|code|http|errno)(?:[\s_:=#\"'(\[]|code){0,4}|/v)(?P<kept>\d{1,5})(?![\d.])"
    r"|(?P<host>[a-z\]]|\b\d+\.\d+\.\d+\.\d+):(?P<port>\d{2,5})(?!\d|[.:]\d)"
    r"|0x[0-9a-f]+|\d+",
    re.IGNORECASE,
)
_FIRST_OF_CLIENTS = 32768
"""Ports from here on are given to clients, another one each time."""
_ESCAPE = re.compile(r'\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})?')
"""Of JSON; a backslash alone is none."""
_LONG = 160
_KEPT = 4000
"""Characters of an error, before secrets are taken out of it and it is cut to be counted."""


def normalised(message: object) -> str:
    """An error message in one line, with numbers replaced, so that equal failures count together, but for
    those that tell one failure from another: statuses, ports of services, versions in paths."""
    return _NUMBER.sub(_counted, " ".join(str(message).split()))[:_LONG]


def _counted(found: re.Match[str]) -> str:
    if found["kept"]:
        return found[0]
    if found["port"]:
        port = found["port"] if int(found["port"]) < _FIRST_OF_CLIENTS else "N"
        return f"{re.sub('[0-9]+', 'N', found['host'])}:{port}"
    return "N"


class Answer:
    """Times are monotonic nanoseconds. ``ended_ns`` is set by the terminal event, not by end of file."""

    def __init__(self) -> None:
        self.events = 0
        self.tokens = 0
        """Events that held text of the answer."""
        self.thoughts = 0
        """Events that held what the model thought, and no text of the answer."""
        self.first_event_ns: int | None = None
        self.first_generated_ns: int | None = None
        """The first token of any kind, thoughts too."""
        self.first_token_ns: int | None = None
        self.last_token_ns: int | None = None
        self.finished_ns: int | None = None
        """The last event, where the model was said to have finished: the end of a stream that has no
        terminal event, if it is whole."""
        self.finish_reason: str | None = None
        self.ended_ns: int | None = None
        self.gaps_us: list[int] = []
        self.error: str | None = None
        """What the service says is wrong, as it says it."""
        self.restarted = False
        self.usage: TokenUsage | None = None
        self.documents: int | None = None
        self.stages: StageTimings | None = None
        self.config: str | None = None
        self.begin = ""
        self.thinking = False
        """What comes as text is thought, until it says otherwise."""
        self._tail = ""

    @property
    def mocked(self) -> bool:
        return self.begin.startswith(MOCK_ANSWER)

    @property
    def undecided(self) -> bool:
        """More of the text is needed to tell a mock's answer, or thoughts, from any other."""
        begin = self.begin.lstrip()
        return MOCK_ANSWER.startswith(begin) or THINK.startswith(begin)

    @property
    def token_count(self) -> tuple[int, TokenSource]:
        """The answer's tokens, without thoughts."""
        usage = self.usage
        told = None if usage is None else usage.answer_tokens(self.tokens, thought=self.thoughts > 0)
        return (self.tokens, "events") if told is None else (told, "usage")

    def token(self, text: object, at_ns: int) -> str | None:
        """A piece of answer text, given back. Empty ones (role chunks, last chunks) are no tokens."""
        if not isinstance(text, str) or not text:
            return None
        if self.thinking or (not self.thoughts and THOUGHT in text):
            return self._think(text, at_ns)
        self.tokens += 1
        if self.last_token_ns is None:
            self.first_token_ns = at_ns
            if self.first_generated_ns is None:
                self.first_generated_ns = at_ns
        else:
            self.gaps_us.append((at_ns - self.last_token_ns) // 1000)
        self.last_token_ns = at_ns
        if self.undecided:
            self.begin += text
            if self.begin.lstrip().startswith(THINK):
                self._thought_all_along(at_ns)
                return None
        return text

    def thought(self, at_ns: int) -> None:
        """A piece of what the model thinks before it answers: generated, and no token of the answer."""
        self.thoughts += 1
        if self.first_generated_ns is None:
            self.first_generated_ns = at_ns

    def plain_tokens(self, count: int, at_ns: int) -> None:
        """Events that came together, each one token and nothing else."""
        self.events += count
        self.tokens += count
        if self.last_token_ns is None:
            self.first_token_ns = at_ns
            if self.first_generated_ns is None:
                self.first_generated_ns = at_ns
        else:
            self.gaps_us.append((at_ns - self.last_token_ns) // 1000)
        if count > 1:
            self.gaps_us += [0] * (count - 1)
        self.last_token_ns = at_ns

    def finish(self, reason: str, at_ns: int) -> None:
        """The model stopped, for ``reason``."""
        self.finished_ns = at_ns
        if self.finish_reason not in GAVE_UP:
            self.finish_reason = reason
        if reason in GAVE_UP:
            self.fail(f"finish_reason is {reason}")

    def restart(self) -> None:
        """The server threw away what it had said (a fallback): the tokens start again."""
        self.restarted = True
        self._forget_tokens()
        self.begin, self.thinking = "", False

    def fail(self, message: object) -> None:
        if self.error is None:
            self.error = str(message)[:_KEPT]

    def _forget_tokens(self) -> None:
        self.tokens = 0
        self.first_token_ns = self.last_token_ns = None
        self.gaps_us = []

    def _thought_all_along(self, at_ns: int) -> None:
        """The text so far was the mark that thoughts begin with."""
        self.thoughts += self.tokens
        self._forget_tokens()
        self.thinking = True
        rest, self._tail = self.begin.lstrip().removeprefix(THINK), ""
        if THOUGHT in rest:
            self._think(rest, at_ns)
        else:
            self._tail = rest[-len(THOUGHT) :]

    def _think(self, text: str, at_ns: int) -> str | None:
        """A piece of text while the model thinks; what follows the closing mark is the answer's."""
        before, mark, after = (self._tail + text).partition(THOUGHT)
        if not mark:
            self._tail = before[-len(THOUGHT) :]
            self.thought(at_ns)
            return None
        if not self.thinking:  # a prompt began them: all text so far was thought
            self.thoughts = self.tokens
            self._forget_tokens()
        self.thinking, self.begin = False, "."  # decided
        if not after.strip():
            self.thought(at_ns)
            return None
        self.thoughts = self.thoughts or 1
        self.token(after, at_ns)
        return None  # its event holds more than the token


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
        answer.fail(f"an event is not a JSON object: {beginning(payload)}")
        return None
    return event


def beginning(payload: bytes) -> str:
    """What a service sent, for a message: as much as an error keeps."""
    return payload[:_KEPT].decode("utf-8", "replace")


def _leniently(payload: bytes) -> Any:
    """Half a character, a lone surrogate, a raw tab or a backslash before a letter of no meaning in a text is
    not JSON to the letter; servers send it, and clients show the text. Raises ValueError, RecursionError."""
    text = _ESCAPE.sub(
        lambda found: found[0] if len(found[0]) > 1 else r"\\", payload.decode("utf-8", "replace")
    )
    event = json.loads(text, strict=False)
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
