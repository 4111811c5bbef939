"""OpenAI's chat completions as bytes: what is asked, and every frame and answer that goes back. No I/O."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

import orjson

MODEL = "mock-llm"
_TEXT = """
the a this each every value call module function object string number list index file path time name result
returns takes gives holds reads writes opens keeps makes finds joins splits sorts maps counts first second
next other same new empty long short given large small with from into over under about before after between
without and or but then when where which while because so if until also only
"""
WORDS = tuple(_TEXT.split())

SSE_HEAD = (
    b"HTTP/1.1 200 OK\r\ncontent-type: text/event-stream; charset=utf-8\r\ncache-control: no-cache\r\n"
    b"x-accel-buffering: no\r\ntransfer-encoding: chunked\r\n"
)
DONE = b"data: [DONE]\n\n"
LAST_CHUNK = b"0\r\n\r\n"


class BadRequest(Exception):
    """What was asked cannot be answered; the text says why."""


@dataclass(frozen=True, kw_only=True)
class ChatRequest:
    """The part of a chat completion request that the mock heeds."""

    model: str
    stream: bool
    include_usage: bool
    max_tokens: int | None
    prompt_tokens: int


def parse_chat(body: bytes) -> ChatRequest:
    """Raises BadRequest with one sentence."""
    try:
        raw = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadRequest(f"the body is not JSON: {error}") from None
    if not isinstance(raw, dict):
        raise BadRequest("the body is not a JSON object")
    messages = raw.get("messages")
    if not isinstance(messages, list) or not messages or not all(isinstance(m, dict) for m in messages):
        raise BadRequest("'messages' must be a list of at least one message")
    options = raw.get("stream_options") or {}
    if not isinstance(options, dict):
        raise BadRequest("'stream_options' must be an object")
    if raw.get("n") not in (None, 1):
        raise BadRequest("'n' must be 1")
    return ChatRequest(
        model=str(raw.get("model") or MODEL),
        stream=raw.get("stream") is True,
        include_usage=options.get("include_usage") is True,
        max_tokens=_max_tokens(raw),
        prompt_tokens=_prompt_tokens(messages),
    )


def _max_tokens(raw: dict[str, Any]) -> int | None:
    for name in ("max_completion_tokens", "max_tokens"):
        value = raw.get(name)
        if value is None:
            continue
        if not isinstance(value, int) or isinstance(value, bool) or value < 1:
            raise BadRequest(f"'{name}' must be a whole number of at least 1")
        return value
    return None


def _prompt_tokens(messages: list[dict[str, Any]]) -> int:
    """Four characters a token, OpenAI's own rule of thumb: counting properly would cost CPU."""
    characters = sum(len(m["content"]) for m in messages if isinstance(m.get("content"), str))
    return max(1, characters // 4)


def answer_words(random: Random, tokens: int) -> list[str]:
    """Plain English words, each a token; joined they are the answer. Never begins as the in-process mock."""
    words = random.choices(WORDS, k=tokens)
    return [words[0].capitalize(), *(" " + word for word in words[1:])]


def http_chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


class Frames:
    """One answer's frames. What they share is encoded once, for thousands of tokens a second pass here."""

    def __init__(self, *, answer_id: str, created: int, model: str, include_usage: bool) -> None:
        # With include_usage OpenAI says "usage": null in every chunk but the last.
        self._base = {"id": answer_id, "object": "chat.completion.chunk", "created": created, "model": model}
        self._usage = b',"usage":null}\n\n' if include_usage else b"}\n\n"
        self._head = b"data: " + orjson.dumps(self._base)[:-1] + b',"choices":[{"index":0,"delta":'

    def role(self) -> bytes:
        return self._frame(b'{"role":"assistant"}', b"null")

    def token(self, content: str) -> bytes:
        return self._frame(b'{"content":' + orjson.dumps(content) + b"}", b"null")

    def finish(self, reason: str) -> bytes:
        return self._frame(b"{}", orjson.dumps(reason))

    def usage(self, prompt_tokens: int, tokens: int) -> bytes:
        usage = usage_of(prompt_tokens, tokens)
        return b"data: " + orjson.dumps({**self._base, "choices": [], "usage": usage}) + b"\n\n"

    def _frame(self, delta: bytes, reason: bytes) -> bytes:
        return b'%b%b,"finish_reason":%b}]%b' % (self._head, delta, reason, self._usage)


def usage_of(prompt_tokens: int, tokens: int) -> dict[str, int]:
    return {
        "prompt_tokens": prompt_tokens,
        "completion_tokens": tokens,
        "total_tokens": prompt_tokens + tokens,
    }


def completion(*, answer_id: str, created: int, request: ChatRequest, words: list[str], reason: str) -> bytes:
    """The whole answer of a request without ``stream``."""
    message = {"role": "assistant", "content": "".join(words)}
    return orjson.dumps(
        {
            "id": answer_id,
            "object": "chat.completion",
            "created": created,
            "model": request.model,
            "choices": [{"index": 0, "message": message, "finish_reason": reason}],
            "usage": usage_of(request.prompt_tokens, len(words)),
        }
    )


def error_body(message: str, *, code: str | None = None) -> bytes:
    """An error in OpenAI's form."""
    return orjson.dumps(
        {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": code}}
    )


def models_body(created: int) -> bytes:
    model = {"id": MODEL, "object": "model", "created": created, "owned_by": "chokepoint"}
    return orjson.dumps({"object": "list", "data": [model]})
