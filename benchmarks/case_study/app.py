"""A RAG service on Open WebUI's own hybrid search, as its chat route does it: search, rerank, stream.

Retrieval is the package's (embedding over HTTP, Chroma, BM25, the external reranker), with its defaults; only
the route is ours, and speaks as OpenAI's API does. Whatever version of Open WebUI is installed is what runs.
"""

from __future__ import annotations

import inspect
import os
import textwrap
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from open_webui.retrieval.models.external import ExternalReranker
from open_webui.retrieval.utils import (
    VECTOR_DB_CLIENT,
    get_embedding_function,
    get_reranking_function,
    query_collection_with_hybrid_search,
)

KNOWLEDGE = "handbook"
PASSAGES = 60
MODELS = os.environ["MODELS_URL"]
LLM = os.environ["OPENAI_BASE_URL"]
TOP_K, TOP_K_RERANKER, RELEVANCE_THRESHOLD, BM25_WEIGHT = 3, 3, 0.0, 0.5  # Open WebUI's defaults

embed = get_embedding_function("openai", "made-up", None, f"{MODELS}/v1", "", 1)
rerank = get_reranking_function("external", "made-up", ExternalReranker("", f"{MODELS}/v1/rerank", "made-up"))


def passages() -> list[str]:
    """Of Python's own documentation: what a small knowledge base may hold."""
    documented = [part for _, part in inspect.getmembers(textwrap) + inspect.getmembers(inspect)]
    texts = [text for part in documented if (text := inspect.getdoc(part)) and len(text) > 80]
    return list(dict.fromkeys(texts))[:PASSAGES]


@asynccontextmanager
async def filled(app: FastAPI) -> AsyncIterator[None]:
    texts = passages()
    items = [
        {"id": str(place), "text": text, "vector": vector, "metadata": {"name": f"page-{place}"}}
        for place, (text, vector) in enumerate(zip(texts, await embed(texts), strict=True))
    ]
    VECTOR_DB_CLIENT.upsert(KNOWLEDGE, items)
    yield


app = FastAPI(lifespan=filled)


async def search(question: str) -> list[str]:
    found = await query_collection_with_hybrid_search(
        collection_names=[KNOWLEDGE],
        queries=[question],
        embedding_function=embed,
        k=TOP_K,
        reranking_function=rerank,
        k_reranker=TOP_K_RERANKER,
        r=RELEVANCE_THRESHOLD,
        hybrid_bm25_weight=BM25_WEIGHT,
    )
    texts: list[str] = found["documents"][0]
    return texts


def question_in(body: dict[str, Any]) -> str:
    """A message is a text, or a list of parts."""
    content: str | list[dict[str, str]] = body["messages"][-1]["content"]
    return content if isinstance(content, str) else "".join(part["text"] for part in content)


async def answer(body: dict[str, Any]) -> AsyncIterator[bytes]:
    question = question_in(body)
    context = "\n\n".join(await search(question))
    asked = {**body, "messages": [{"role": "user", "content": f"{context}\n\n{question}"}]}
    async with (
        aiohttp.ClientSession(trust_env=True) as session,
        session.post(f"{LLM}/chat/completions", json=asked) as reply,
    ):
        async for piece in reply.content.iter_any():
            yield piece


@app.get("/health")
async def health() -> dict[str, bool]:
    return {"status": True}


@app.post("/v1/chat/completions")
async def chat(request: Request) -> StreamingResponse:
    return StreamingResponse(answer(await request.json()), media_type="text/event-stream")
