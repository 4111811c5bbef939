"""The answering endpoints as plain ASGI: the hot path goes around FastAPI's body parsing and responses."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import orjson
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import ValidationError

from target_app.dialects import ChatRequest, ChatSink, QuietSink, WireSink, chat_completion
from target_app.metrics import Metrics
from target_app.pipeline import Answer, Pipeline, Sink
from target_app.refusals import Refusal, chat_refusal, plain_refusal
from target_app.service import Service
from target_app.stream import (
    BodyTooLarge,
    ClientGone,
    ClientWatch,
    EventWriter,
    Message,
    Receive,
    Scope,
    Send,
    read_body,
)
from target_app.wire import MAX_BODY_BYTES, AskRequest

JSON_HEADERS = [(b"content-type", b"application/json")]
METRICS_HEADERS = [(b"content-type", CONTENT_TYPE_LATEST.encode())]
STREAM_HEADERS = [
    (b"content-type", b"text/plain; charset=utf-8"),
    (b"cache-control", b"no-cache"),
    (b"x-accel-buffering", b"no"),
]
CHAT_HEADERS = [(b"content-type", b"text/event-stream; charset=utf-8"), *STREAM_HEADERS[1:]]
POD_HEADER = b"x-pod"
RETRY_AFTER = (b"retry-after", b"1")


async def send_json(
    send: Send, status: int, body: object, extra: tuple[tuple[bytes, bytes], ...] = ()
) -> None:
    """A whole JSON response."""
    payload = body if isinstance(body, bytes) else orjson.dumps(body)
    await _send_whole(send, status, payload, [*JSON_HEADERS, *extra])


async def _send_whole(send: Send, status: int, body: bytes, headers: list[tuple[bytes, bytes]]) -> None:
    headers = [*headers, (b"content-length", b"%d" % len(body))]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


def _naming(pod: bytes, send: Send) -> Send:
    """A response that names who made it."""

    async def named(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message["headers"], (POD_HEADER, pod)]}
        await send(message)

    return named


class Endpoints:
    """What the answering endpoints share: limits, validation, counting, cancellation."""

    def __init__(self, service: Service, pipeline: Pipeline, metrics: Metrics) -> None:
        self._service = service
        self._pipeline = pipeline
        self._metrics = metrics
        self._limit = service.settings.max_inflight
        self._pod = service.settings.pod_name.encode()
        self._inflight = 0
        metrics.inflight = lambda: self._inflight

    async def ask_stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`POST /ask/stream`."""
        await self._guarded(receive, send, self._ask_stream)

    async def ask(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`POST /ask`."""
        await self._guarded(receive, send, self._ask)

    async def chat(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`POST /v1/chat/completions`."""
        await self._guarded(receive, send, self._chat, chat_refusal)

    async def health(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`GET /health`: that the event loop runs. It is what probes ask for, some times a second."""
        await send_json(send, 200, b'{"status":"ok"}')

    async def metrics(self, scope: Scope, receive: Receive, send: Send) -> None:
        """`GET /metrics`."""
        await _send_whole(send, 200, self._metrics.exposition(), METRICS_HEADERS)

    async def _guarded(
        self,
        receive: Receive,
        send: Send,
        handle: Callable[[bytes, Receive, Send], Awaitable[None]],
        refusal: Refusal = plain_refusal,
    ) -> None:
        """Refuse what is too much, too early, too large or malformed; count what is answered."""
        if self._pod:
            send = _naming(self._pod, send)
        if self._limit and self._inflight >= self._limit:
            self._metrics.count("refused")
            await send_json(send, 503, refusal(503, "too many requests in flight"), (RETRY_AFTER,))
            return
        if not self._service.ready:
            self._metrics.count("refused")
            await send_json(send, 503, refusal(503, "the model and the index are loading"), (RETRY_AFTER,))
            return
        self._inflight += 1
        try:
            await handle(await read_body(receive, MAX_BODY_BYTES), receive, send)
        except ValidationError as error:
            await send_json(send, 422, refusal(422, error))
        except BodyTooLarge:
            close = (b"connection", b"close")  # a rest of the body may not be read
            await send_json(send, 413, refusal(413, f"the body exceeds {MAX_BODY_BYTES} bytes"), (close,))
        except ClientGone:
            self._metrics.count("cancelled")
        finally:
            self._inflight -= 1

    async def _ask_stream(self, body: bytes, receive: Receive, send: Send) -> None:
        request = AskRequest.model_validate_json(body)
        out = EventWriter(send, STREAM_HEADERS)
        sink = WireSink(out, partial=self._service.settings.partial_answer)
        await self._stream(request, sink, out, receive)

    async def _ask(self, body: bytes, receive: Receive, send: Send) -> None:
        request = AskRequest.model_validate_json(body)
        await self._whole(request, receive, send, Answer.summary, plain_refusal)

    async def _chat(self, body: bytes, receive: Receive, send: Send) -> None:
        chat = ChatRequest.model_validate_json(body)
        request = chat.ask()
        if chat.stream:
            out = EventWriter(send, CHAT_HEADERS)
            await self._stream(request, ChatSink(out, chat), out, receive)
        else:
            render = partial(chat_completion, chat)
            await self._whole(request, receive, send, render, chat_refusal)

    async def _stream(self, request: AskRequest, sink: Sink, out: EventWriter, receive: Receive) -> None:
        watch = ClientWatch(receive)
        try:
            answer = await self._pipeline.answer(request, sink)
            await out.close()
        except asyncio.CancelledError:
            out.abandon()
            if not watch.gone:
                raise
            raise ClientGone from None
        finally:
            watch.stop()
        self._metrics.count("ok" if answer else "error")

    async def _whole(
        self,
        request: AskRequest,
        receive: Receive,
        send: Send,
        render: Callable[[Answer], dict[str, Any]],
        refusal: Refusal,
    ) -> None:
        sink = QuietSink()
        watch = ClientWatch(receive)
        try:
            answer = await self._pipeline.answer(request, sink)
        except asyncio.CancelledError:
            if not watch.gone:
                raise
            raise ClientGone from None
        finally:
            watch.stop()
        self._metrics.count("ok" if answer else "error")
        if answer is None:
            await send_json(send, 502, refusal(502, sink.failure))
        else:
            await send_json(send, 200, render(answer))


class BareASGI:
    """An ASGI callable that Starlette's Route takes for an application, for it is not a function."""

    def __init__(self, handle: Callable[[Scope, Receive, Send], Awaitable[None]]) -> None:
        self._handle = handle

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._handle(scope, receive, send)
