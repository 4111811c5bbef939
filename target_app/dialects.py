"""The sinks: the original's frames, OpenAI's chunks, and one that only remembers what went wrong."""

from __future__ import annotations

import time
import uuid
from typing import Any

from pydantic import BaseModel, Field

from target_app import wire
from target_app.pipeline import Answer
from target_app.refusals import chat_refusal
from target_app.stream import EventWriter

DONE_FRAME = b"data: [DONE]\n\n"
DEFAULT_PROMPT = "Answer the question with the help of the documents."


class WireSink:
    """`POST /ask/stream`: WIRE's events."""

    def __init__(self, out: EventWriter, *, partial: bool) -> None:
        self._out = out
        self._put = out.put
        self._put_last = out.put_last
        self._partial = partial
        self._begun = False
        self._so_far = ""

    def status(self, message: str) -> None:
        self._put(wire.status_frame(message))

    def documents(self, documents: list[Any], retrieval_s: float | None) -> None:
        self._put(wire.documents_frame(documents, retrieval_s))

    def token(self, content: str) -> None:
        if not self._begun:
            self._begun = True
            self._out.time_from_here()
        if self._partial:
            self._so_far += content
            self._put(wire.partial_token_frame(content, self._so_far))
        else:
            self._put(wire.token_frame(content))

    def error(self, message: str) -> None:
        self._put(wire.error_frame(message))
        self._put_last(wire.END_FRAME)

    def complete(self, answer: Answer) -> None:
        if self._begun:
            answer.written_ms = self._out.written_ms
        self._put(wire.frame(answer.event()))
        self._put_last(wire.END_FRAME)


class QuietSink:
    """For answers given whole: all is in the Answer but the failure."""

    failure: str = ""

    def status(self, message: str) -> None: ...
    def documents(self, documents: list[Any], retrieval_s: float | None) -> None: ...
    def token(self, content: str) -> None: ...
    def complete(self, answer: Answer) -> None: ...

    def error(self, message: str) -> None:
        self.failure = message


class ChatMessage(BaseModel):
    """One message of OpenAI's chat format, text only."""

    role: str = Field(max_length=50)
    content: str = Field(max_length=100_000)


class StreamOptions(BaseModel):
    """OpenAI's `stream_options`."""

    include_usage: bool = False


class ChatRequest(BaseModel):
    """The body of `POST /v1/chat/completions`; unknown fields are ignored."""

    model: str = Field(max_length=300)
    messages: list[ChatMessage] = Field(min_length=1, max_length=1000)
    stream: bool = False
    stream_options: StreamOptions | None = None

    def ask(self) -> wire.AskRequest:
        """The same question as the pipeline takes it; ValidationError if the last message is empty."""
        system = [message.content for message in self.messages if message.role == "system"]
        turns = [message for message in self.messages if message.role != "system"] or self.messages
        return wire.AskRequest(
            query=turns[-1].content,
            embedding_model="default:default",
            llm_model="default:default",
            prompt="\n".join(system)[:100_000] or DEFAULT_PROMPT,
            history=[wire.Turn(role=turn.role, content=turn.content) for turn in turns[:-1]],
        )


class ChatSink:
    """`POST /v1/chat/completions` with `stream: true`."""

    def __init__(self, out: EventWriter, request: ChatRequest) -> None:
        self._put = out.put
        self._put_last = out.put_last
        self._usage = bool(request.stream_options and request.stream_options.include_usage)
        self._head = _head("chat.completion.chunk", request.model)
        self._chunk({"role": "assistant", "content": ""})

    def _chunk(self, delta: dict[str, str], finish: str | None = None) -> None:
        choice = {"index": 0, "delta": delta, "finish_reason": finish}
        self._put(wire.frame({**self._head, "choices": [choice]}))

    def status(self, message: str) -> None: ...
    def documents(self, documents: list[Any], retrieval_s: float | None) -> None: ...

    def token(self, content: str) -> None:
        self._chunk({"content": content})

    def error(self, message: str) -> None:
        self._put(wire.frame(chat_refusal(502, message)))
        self._put_last(DONE_FRAME)

    def complete(self, answer: Answer) -> None:
        self._chunk({}, "stop")
        if self._usage:
            self._put(wire.frame({**self._head, "choices": [], "usage": usage(answer)}))
        self._put_last(DONE_FRAME)


def _head(kind: str, model: str) -> dict[str, Any]:
    return {"id": f"chatcmpl-{uuid.uuid4().hex}", "object": kind, "created": int(time.time()), "model": model}


def usage(answer: Answer) -> dict[str, int]:
    """Completion tokens are the pieces that came; what went in is not counted."""
    count = len(answer.pieces)
    return {"prompt_tokens": 0, "completion_tokens": count, "total_tokens": count}


def chat_completion(request: ChatRequest, answer: Answer) -> dict[str, Any]:
    """The whole answer in OpenAI's format."""
    message = {"role": "assistant", "content": answer.text}
    return {
        **_head("chat.completion", request.model),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": usage(answer),
    }
