"""`python models.py PORT`: an embedding server and a reranker of known time, however many ask.

It stands in for what Open WebUI calls external engines: `POST /v1/embeddings` takes 10 ms, `POST /v1/rerank`
100 ms, or what `RERANK_MS` says.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
import sys
from collections.abc import Sequence
from typing import Any

import uvicorn
from fastapi import FastAPI

EMBED_SECONDS = 0.010
RERANK_SECONDS = float(os.environ.get("RERANK_MS", "100")) / 1e3
DIMENSIONS = 64
app = FastAPI()


def vector(text: str) -> list[float]:
    return [byte / 255 - 0.5 for byte in hashlib.sha512(text.encode()).digest()[:DIMENSIONS]]


@app.post("/v1/embeddings")
async def embeddings(body: dict[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(EMBED_SECONDS)
    texts: Sequence[str] = [body["input"]] if isinstance(body["input"], str) else body["input"]
    return {"data": [{"index": place, "embedding": vector(text)} for place, text in enumerate(texts)]}


@app.post("/v1/rerank")
async def rerank(body: dict[str, Any]) -> dict[str, Any]:
    await asyncio.sleep(RERANK_SECONDS)
    asked = body["query"]
    scores = [vector(asked + text)[0] + 0.5 for text in body["documents"]]
    return {"results": [{"index": place, "relevance_score": score} for place, score in enumerate(scores)]}


if __name__ == "__main__":
    uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]), log_level="warning", access_log=False)
