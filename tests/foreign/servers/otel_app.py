"""A FastAPI app with OpenTelemetry's SDK, told where to send its spans by its environment alone."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncIterator
from typing import Any

from fastapi import FastAPI, Request
from fastapi.responses import StreamingResponse
from opentelemetry import propagate, trace
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor

app = FastAPI()
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
trace.set_tracer_provider(provider)
tracer = trace.get_tracer("mine")


async def answer(question: str, within: Any) -> AsyncIterator[str]:
    with tracer.start_as_current_span("POST /chat", within, attributes={"enduser.id": "secret-of-a-user"}):
        with tracer.start_as_current_span("retrieval"):
            with tracer.start_as_current_span("embeddings all-MiniLM-L6-v2"):
                await asyncio.sleep(float(os.environ.get("EMBEDDINGS_S", "0.03")))
            await asyncio.sleep(0.01)
        operation = {"gen_ai.operation.name": "chat", "gen_ai.input.messages": question}
        with tracer.start_as_current_span("answering", attributes=operation):
            await asyncio.sleep(0.02)
            for word in ("well ", "then ", "so "):
                yield f"data: {json.dumps({'choices': [{'index': 0, 'delta': {'content': word}}]})}\n\n"
                await asyncio.sleep(0.01)
    yield "data: [DONE]\n\n"


@app.post("/v1/chat/completions")
async def chat(request: Request) -> StreamingResponse:
    question = (await request.json())["messages"][-1]["content"]
    within = propagate.extract(request.headers)
    return StreamingResponse(answer(question, within), media_type="text/event-stream")
