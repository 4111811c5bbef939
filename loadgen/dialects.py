"""The two ways of asking: the RAG API's own (`ask`) and OpenAI's chat completions (`openai`).

A dialect builds the request's body for a question, and folds each event's payload into an `Answer`.
Unknown event types and fields are passed over.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from loadgen.answer import Answer, Fold, load

PROMPT = "Answer the question from the documents."
EMBEDDING_MODEL = "local:all-MiniLM-L6-v2"
LLM_MODEL = "openai:gpt-4o-mini"


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a service is asked (``template`` with ``question_key``) and understood (``fold``)."""

    name: str
    path: str
    template: dict[str, Any]
    """The body's fields but for the question."""
    fold: Fold
    expects_documents: bool

    def body(self, question: str) -> bytes:
        if self.name == "ask":
            return orjson.dumps({"query": question} | self.template)
        return orjson.dumps({"messages": [{"role": "user", "content": question}]} | self.template)


def dialect(
    name: str,
    *,
    path: str = "",
    llm_model: str = "",
    embedding_model: str = "",
    max_tokens: int = 0,
    rag: bool = True,
    fields: dict[str, Any] | None = None,
) -> Dialect:
    """The dialect of that name; ``fields`` are put into the body last and so win."""
    template: dict[str, Any]
    if name == "ask":
        template = {
            "embedding_model": embedding_model or EMBEDDING_MODEL,
            "llm_model": llm_model or LLM_MODEL,
            "prompt": PROMPT,
            "use_rag": rag,
        }
    else:
        template = {
            "model": llm_model or "default",
            "stream": True,
            "stream_options": {"include_usage": True},
        }
    if max_tokens:
        template["max_tokens"] = max_tokens
    template |= fields or {}
    return Dialect(
        name=name,
        path=path or ("/ask/stream" if name == "ask" else "/v1/chat/completions"),
        template=template,
        fold=fold_ask if name == "ask" else fold_openai,
        expects_documents=name == "ask" and template.get("use_rag") is not False,
    )


def fold_ask(answer: Answer, payload: bytes, at_ns: int) -> str | None:
    """An event of WIRE.md: status, documents, token, clear_response, complete, end, error."""
    event = _event(answer, payload, at_ns)
    kind = event.get("type")
    if kind == "token":
        return answer.token(event.get("content"), at_ns)
    if kind == "documents":
        data, count = event.get("data"), event.get("count")
        answer.documents = len(data) if isinstance(data, list) else count if isinstance(count, int) else 0
    elif kind == "clear_response":
        answer.restart()
    elif kind == "complete":
        answer.ended_ns = at_ns
        answer.stages = _stages(event.get("timings"))
        config = event.get("config")
        answer.config = config if isinstance(config, str) else None
    elif kind == "error":
        answer.fail(event.get("message") or "error without a message")
    return None


def fold_openai(answer: Answer, payload: bytes, at_ns: int) -> str | None:
    """A chunk of OpenAI's chat (or text) completions; ``[DONE]`` is the terminal event."""
    if payload.strip() == b"[DONE]":
        answer.ended_ns = at_ns
        return None
    event = _event(answer, payload, at_ns)
    error = event.get("error")
    if error:
        answer.fail(error.get("message") or error if isinstance(error, dict) else error)
        return None
    usage = event.get("usage")
    if isinstance(usage, dict) and isinstance(usage.get("completion_tokens"), int):
        answer.usage_tokens = usage["completion_tokens"]
    choices = event.get("choices")
    if isinstance(choices, list) and choices and isinstance(choices[0], dict):
        delta = choices[0].get("delta")
        return answer.token(
            delta.get("content") if isinstance(delta, dict) else choices[0].get("text"), at_ns
        )
    return None


def _event(answer: Answer, payload: bytes, at_ns: int) -> dict[str, Any]:
    """Count an event and decode it; one that is no object is an error of the stream, and empty."""
    answer.events += 1
    if answer.first_event_ns is None:
        answer.first_event_ns = at_ns
    return load(answer, payload) or {}


def _stages(raw: Any) -> dict[str, dict[str, float]] | None:
    """The server's timings, whatever in them is no number left out."""
    if not isinstance(raw, dict):
        return None
    return {
        str(stage): {str(k): float(v) for k, v in times.items() if isinstance(v, int | float)}
        for stage, times in raw.items()
        if isinstance(times, dict)
    }
