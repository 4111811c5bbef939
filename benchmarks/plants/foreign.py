"""Somebody else's RAG app: 60 lines, no `/config`, no stage times; it speaks as OpenAI's API does.

`FOREIGN` names what is wrong with it: blocking, lock, pool, client, executor; nothing: it is well.
"""

from __future__ import annotations

import asyncio
import hashlib
import itertools
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import numpy as np
from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from plants import remote

WRONG = os.environ.get("FOREIGN", "")
AMOUNT = float(os.environ.get("FOREIGN_AMOUNT", "0"))
TEXTS = [f"Passage {number}: what it says of its subject." for number in range(5000)]
MATRIX = np.random.RandomState(1).standard_normal((len(TEXTS), 128)).astype(np.float32)
app = FastAPI()
session_lock = asyncio.Lock()
numbers = itertools.count(1)
connections = int(AMOUNT) if WRONG == "pool" else 100
shared = httpx.AsyncClient(limits=httpx.Limits(max_connections=connections), timeout=60, trust_env=False)


def embed(question: str) -> np.ndarray[Any, Any]:
    seed = int.from_bytes(hashlib.sha256(question.encode()).digest()[:4], "big")
    return np.random.RandomState(seed).standard_normal(128).astype(np.float32)


def search(vector: np.ndarray[Any, Any], count: int = 4) -> list[str]:
    return [TEXTS[place] for place in np.argsort(MATRIX @ vector)[-count:]]


async def look_up(question: str) -> None:
    """Who asks, and may they?"""
    if WRONG == "blocking":
        remote.ask(AMOUNT)
    elif WRONG == "lock":
        async with session_lock:
            await remote.ask_async(AMOUNT)
    elif WRONG == "executor":
        await asyncio.to_thread(remote.ask, AMOUNT)


@asynccontextmanager
async def llm() -> AsyncIterator[httpx.AsyncClient]:
    number = next(numbers)
    made = int(number * AMOUNT) - int((number - 1) * AMOUNT) if WRONG == "client" else 0
    clients = [httpx.AsyncClient(timeout=60, trust_env=False) for _ in range(made)]
    yield clients[-1] if clients else shared
    for client in clients:
        await client.aclose()


async def answer(body: dict[str, Any]) -> AsyncIterator[bytes]:
    question = body["messages"][-1]["content"]
    await look_up(question)
    found = "\n".join(search(embed(question)))
    body = {**body, "stream": True, "messages": [{"role": "user", "content": f"{found}\n\n{question}"}]}
    async with (
        llm() as client,
        client.stream("POST", f"{os.environ['OPENAI_BASE_URL']}/chat/completions", json=body) as reply,
    ):
        async for piece in reply.aiter_raw():
            yield piece


@app.get("/ready")
async def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/v1/chat/completions")
async def chat(request: Request) -> StreamingResponse:
    return StreamingResponse(answer(await request.json()), media_type="text/event-stream")
