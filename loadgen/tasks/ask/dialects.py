"""The two ways of asking: the RAG API's own (`ask`) and OpenAI's chat completions (`openai`).

A dialect builds the request's body for a question, and folds each event's payload into an `Answer`.
Unknown event types and fields are passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import orjson

from loadgen.tasks.ask import openai_chunks
from loadgen.tasks.ask.ask_events import EVENT_TYPES, fold_ask
from loadgen.tasks.ask.event_data import Fold
from loadgen.tasks.ask.placeholder import PLACEHOLDER, filled, has_place

PROMPT = "Answer the question from the documents."
EMBEDDING_MODEL = "local:all-MiniLM-L6-v2"
LLM_MODEL = "openai:gpt-4o-mini"
OPENAI_MODEL = "default"


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How a service is asked (``question`` with ``template``) and understood (``fold``)."""

    name: str
    path: str
    question: dict[str, Any]
    """The body's field that is the dialect's own for the question; empty where it is left out, or has a value
    from elsewhere."""
    template: dict[str, Any]
    """The body's other fields. The question goes wherever one has a placeholder."""
    fold: Fold
    event_names: frozenset[str]
    """Names that its events may have, besides none..."""
    is_ours: Callable[[bytes], bool] | None = None
    """...and which data makes an event its own under any name. Others are passed over."""
    telltale: bytes
    """What the data of its events holds: without it they are another API's."""
    expects_documents: bool
    has_stage_times: bool
    """Is there a place for them in its events?"""

    @property
    def whole(self) -> dict[str, Any]:
        """The body's fields, the question's in their place."""
        return self.question | self.template

    @property
    def asks(self) -> bool:
        """Has the question a place in the body?"""
        return has_place(self.whole)

    def body(self, question: str) -> bytes:
        return orjson.dumps(filled(self.whole, question))


def dialect(
    name: str,
    *,
    path: str = "",
    llm_model: str = "",
    embedding_model: str = "",
    max_tokens: int = 0,
    rag: bool = True,
    fields: dict[str, Any] | None = None,
    drop: Iterable[str] = (),
) -> Dialect:
    """The dialect of that name; ``fields`` are put into the body last and so win, but for those that are
    to ``drop`` (``a.b``: the field b of the object a).

    Raises:
        KeyError: there is no such dialect; UnknownField: no such field to drop.
    """
    plain = _BUILD[name](llm_model=llm_model, embedding_model=embedding_model, rag=rag)
    own, given = plain.question, fields or {}
    whole = plain.whole | ({"max_tokens": max_tokens} if max_tokens else {}) | given
    for name in drop:
        whole = _without(whole, name)
    question = {k: v for k, v in own.items() if k in whole and k not in given}
    template = {k: v for k, v in whole.items() if k not in question}
    return replace(
        plain,
        path=path or plain.path,
        question=question,
        template=template,
        expects_documents=plain.expects_documents and bool(template.get("use_rag")),
    )


class UnknownField(KeyError):
    """There is no such field to drop."""


def field_names(template: Mapping[str, Any]) -> list[str]:
    """Of a body's fields, those of objects in it too: ``stream_options.include_usage``."""
    names: list[str] = []
    for name, value in template.items():
        names.append(name)
        if isinstance(value, dict):
            names += [f"{name}.{inner}" for inner in value]
    return names


def _without(template: dict[str, Any], name: str) -> dict[str, Any]:
    """The template without a field; an object that has no other one stays, empty. Raises UnknownField."""
    outer, dot, inner = name.partition(".")
    if name not in template and dot and isinstance(template.get(outer), dict) and inner in template[outer]:
        return template | {outer: {k: v for k, v in template[outer].items() if k != inner}}
    if name not in template:
        raise UnknownField(name)
    return {k: v for k, v in template.items() if k != name}


def _ask(*, llm_model: str, embedding_model: str, rag: bool) -> Dialect:
    return Dialect(
        name="ask",
        path="/ask/stream",
        question={"query": PLACEHOLDER},
        template={
            "embedding_model": embedding_model or EMBEDDING_MODEL,
            "llm_model": llm_model or LLM_MODEL,
            "prompt": PROMPT,
            "use_rag": rag,
        },
        fold=fold_ask,
        event_names=EVENT_TYPES,
        telltale=b'"type"',
        expects_documents=True,
        has_stage_times=True,
    )


def _openai(*, llm_model: str, embedding_model: str, rag: bool) -> Dialect:
    return Dialect(
        name="openai",
        path="/v1/chat/completions",
        question={"messages": [{"role": "user", "content": PLACEHOLDER}]},
        template={
            "model": llm_model or OPENAI_MODEL,
            "stream": True,
            "stream_options": {"include_usage": True},
        },
        fold=openai_chunks.fold_openai,
        event_names=frozenset({"message"}),
        is_ours=openai_chunks.is_ours,
        telltale=openai_chunks.TELLTALE,
        expects_documents=False,
        has_stage_times=False,
    )


_BUILD = {"ask": _ask, "openai": _openai}
DIALECTS = tuple(_BUILD)
