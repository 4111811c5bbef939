"""The wire of the original: what is asked, and the frames of the answer. No I/O here."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import Annotated, Any

import orjson
from pydantic import BaseModel, Field

MAX_BODY_BYTES = 4 << 20
MAX_DOCUMENTS = 100

SourceName = Annotated[str, Field(pattern=r"^[^:\s]+:\S.*$", max_length=300)]


class Attachment(BaseModel):
    """A file sent along."""

    name: str = Field(default="", max_length=1000)
    content: str


class Turn(BaseModel):
    """One earlier message of the conversation."""

    role: str = Field(max_length=50)
    content: str


class AskRequest(BaseModel):
    """The body of `POST /ask/stream` and `POST /ask`; unknown fields are ignored."""

    query: str = Field(min_length=1, max_length=100_000)
    embedding_model: SourceName
    llm_model: SourceName
    prompt: str = Field(max_length=100_000)
    use_rag: bool = True
    max_documents: int = Field(default=5, ge=1, le=MAX_DOCUMENTS)
    score_threshold: float = 0.0
    use_opensearch: bool = False
    use_qdrant: bool = False
    knowledge_base: str = "default"
    files: list[Attachment] = Field(default_factory=list, max_length=100)
    history: list[Turn] = Field(default_factory=list, max_length=1000)


END_FRAME = b'data: {"type":"end"}\n\n'


def frame(event: dict[str, Any]) -> bytes:
    """One event as it travels."""
    return b"data: " + orjson.dumps(event) + b"\n\n"


@cache
def status_frame(message: str) -> bytes:
    """Progress, in words; of which there are few."""
    return frame({"type": "status", "message": message})


def token_frame(content: str) -> bytes:
    """One piece of the answer. Written by hand: it is the frame that is sent most."""
    return b'data: {"type":"token","content":' + orjson.dumps(content) + b"}\n\n"


def partial_token_frame(content: str, answer: str) -> bytes:
    """One piece, with the answer so far, as the original sends it."""
    return frame({"type": "token", "content": content, "partial_answer": answer})


def documents_frame(documents: list[Any], retrieval_s: float | None) -> bytes:
    """What was found; without RAG nothing, and no time."""
    event: dict[str, Any] = {"type": "documents", "data": documents, "count": len(documents)}
    if retrieval_s is not None:
        event["retrieval_time"] = retrieval_s
    return frame(event)


def error_frame(message: str) -> bytes:
    """A failure, which travels with HTTP 200."""
    return frame({"type": "error", "message": message, "timestamp": datetime.now(UTC).isoformat()})
