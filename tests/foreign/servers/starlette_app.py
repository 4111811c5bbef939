"""Starlette's StreamingResponse as its documentation shows it: `python starlette_app.py RECORD`.

Asked in OpenAI's dialect; a line of truth for each request, durations from its arrival in the endpoint.
"""

import asyncio
import json
import socket
import sys
import time
from collections.abc import AsyncIterator
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import StreamingResponse
from starlette.routing import Route

RECORD = open(sys.argv[1], "a", buffering=1)  # noqa: SIM115  # for as long as the process lives


async def words(asked: dict[str, Any], received: float) -> AsyncIterator[str]:
    await asyncio.sleep(asked["ttft_ms"] / 1000)
    sent = []
    for number in range(asked["tokens"]):
        if number:
            await asyncio.sleep(asked["itl_ms"] / 1000)
        sent.append(time.monotonic())
        yield f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': f'word{number} '}}]})}\n\n"
    truth = {"ttft_ms": (sent[0] - received) * 1000, "e2e_ms": (sent[-1] - received) * 1000}
    RECORD.write(json.dumps(truth | {"tokens": len(sent)}) + "\n")
    yield "data: [DONE]\n\n"


async def chat(request: Request) -> StreamingResponse:
    received = time.monotonic()
    return StreamingResponse(words(await request.json(), received), media_type="text/event-stream")


if __name__ == "__main__":
    listener = socket.create_server(("127.0.0.1", 0), backlog=128)
    print(listener.getsockname()[1], flush=True)
    app = Starlette(routes=[Route("/v1/chat/completions", chat, methods=["POST"])])
    uvicorn.Server(uvicorn.Config(app, log_level="warning")).run(sockets=[listener])
