"""What the target is held against: FastAPI, a pydantic body, `StreamingResponse`, `json.dumps`; no work.

Streams the events of the JSON file that `BARE_EVENTS` names. Started by ceiling.py.
"""

from __future__ import annotations

import json
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from fastapi import FastAPI
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

EVENTS: list[dict[str, Any]] = json.loads(Path(os.environ["BARE_EVENTS"]).read_text())


class Attachment(BaseModel):
    name: str = ""
    content: str


class Turn(BaseModel):
    role: str
    content: str


class Ask(BaseModel):
    query: str
    embedding_model: str
    llm_model: str
    prompt: str
    use_rag: bool = True
    max_documents: int = 5
    score_threshold: float = 0.0
    use_opensearch: bool = False
    use_qdrant: bool = False
    knowledge_base: str = "default"
    files: list[Attachment] = []
    history: list[Turn] = []


app = FastAPI()


@app.get("/ready")
async def ready() -> dict[str, bool]:
    return {"ready": True}


async def stream() -> AsyncIterator[str]:
    for event in EVENTS:
        yield f"data: {json.dumps(event)}\n\n"


@app.post("/ask/stream")
async def ask_stream(body: Ask) -> StreamingResponse:
    return StreamingResponse(stream(), media_type="text/plain; charset=utf-8")
