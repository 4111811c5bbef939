"""Writing an answer straight to ASGI: one `send` for all that is ready, and no task where none is needed."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Generator, MutableMapping
from functools import partial
from time import perf_counter_ns
from typing import Any

Message = MutableMapping[str, Any]
Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class ClientGone(Exception):
    """The client closed the connection before its answer was complete."""


class BodyTooLarge(Exception):
    """The request's body is larger than allowed."""


READ_OUT_BYTES = 16 << 20
"""Of a body that is refused: closed before it is read, a connection is reset, and the refusal lost."""


async def read_body(receive: Receive, limit: int) -> bytes:
    """The whole request body.

    Raises:
        BodyTooLarge: there are more than `limit` bytes.
        ClientGone: it went away while sending.
    """
    message = await receive()
    body: bytes = message.get("body", b"")
    if message["type"] == "http.request" and not message.get("more_body") and len(body) <= limit:
        return body
    parts, size = [], 0
    while True:
        if message["type"] == "http.disconnect":
            raise ClientGone
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            await _read_out(message, receive)
            raise BodyTooLarge
        parts.append(part)
        if not message.get("more_body"):
            return b"".join(parts)
        message = await receive()


async def _read_out(message: Message, receive: Receive) -> None:
    left = READ_OUT_BYTES
    while message.get("more_body") and left > 0:
        message = await receive()
        left -= len(message.get("body", b""))


class ClientWatch:
    """Cancels the task that answers when its client goes away.

    The watching task is made only once the event loop gets control before the answer is complete: an
    answer that is ready at once needs none.
    """

    def __init__(self, receive: Receive) -> None:
        self.gone = False
        self._receive = receive
        self._answering = asyncio.current_task()
        self._watching: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()
        self._start = self._loop.call_soon(self._begin)

    def _begin(self) -> None:
        self._watching = self._loop.create_task(self._watch())

    async def _watch(self) -> None:
        while (await self._receive())["type"] != "http.disconnect":
            pass
        self.gone = True
        if self._answering is not None:
            self._answering.cancel()

    def stop(self) -> None:
        """The answer is complete: whether the client stays is no more of interest."""
        self._start.cancel()
        if self._watching is not None:
            self._watching.cancel()


class EventWriter:
    """Gathers frames and sends them as soon as the event loop gets control.

    Frames that are made without a pause between them travel together; one that is followed by a wait
    leaves at the start of that wait. The last one leaves in the message that ends the body (which uvicorn
    writes at once), never before: whoever waits for the end of either waits for both.
    """

    def __init__(self, send: Send, headers: list[tuple[bytes, bytes]]) -> None:
        self._send = send
        self._headers = headers
        self._frames: list[bytes] = []
        self._last = b""
        self._started = False
        self._timed = False
        self._timed_from_ns = 0
        self._closing = False
        self._wake: asyncio.Handle | None = None
        self._flushing: asyncio.Task[None] | None = None
        self._loop = asyncio.get_running_loop()

    def put(self, frame: bytes) -> None:
        """Add a frame; returns at once."""
        self._frames.append(frame)
        if self._wake is None and self._flushing is None:
            self._wake = self._loop.call_soon(self._begin_flush)

    def time_from_here(self) -> None:
        """`written_ms` counts from when the next frame is handed on."""
        self._timed = True

    @property
    def written_ms(self) -> float:
        """For how long; 0: it still waits for the event loop, or nobody wants to know."""
        return (perf_counter_ns() - self._timed_from_ns) / 1e6 if self._timed_from_ns else 0.0

    def put_last(self, frame: bytes) -> None:
        """Add the frame behind which nothing comes; it waits for `close`."""
        self._last = frame

    def _begin_flush(self) -> None:
        """Send now. A task, which would begin a turn of the loop later, is made only where the client reads
        so slowly that there is something to wait for."""
        self._wake = None
        flush = self._flush()
        try:
            awaited = flush.send(None)
        except StopIteration:
            return
        self._flushing = self._loop.create_task(_go_on(flush, awaited))

    async def _flush(self) -> None:
        try:
            while self._frames and not self._closing:
                await self._write(more=True)
        finally:
            self._flushing = None

    async def _write(self, *, more: bool) -> None:
        body = b"".join(self._frames) if more else b"".join([*self._frames, self._last])
        self._frames.clear()
        if self._timed and not self._timed_from_ns:
            self._timed_from_ns = perf_counter_ns()
        if not self._started:
            self._started = True
            await self._send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await self._send({"type": "http.response.body", "body": body, "more_body": more})

    async def close(self) -> None:
        """Send what is left and end the response, in one message."""
        self._closing = True
        if self._wake is not None:
            self._wake.cancel()
            self._wake = None
        if self._flushing is not None:  # the client reads slowly
            await asyncio.shield(self._flushing)
        await self._write(more=False)

    def abandon(self) -> None:
        """The client is gone: nothing more is sent."""
        self._frames.clear()
        if self._wake is not None:
            self._wake.cancel()
        if self._flushing is not None:
            self._flushing.cancel()


class _Begun:
    """A coroutine that has already run up to what it awaits, for a task to go on with."""

    def __init__(self, begun: Coroutine[Any, Any, None], awaited: Any) -> None:
        self._begun = begun
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, None]:
        while True:
            try:
                value = yield self._awaited
            except BaseException as error:  # a cancelled task among them: it is the coroutine's to handle
                step = partial(self._begun.throw, error)
            else:
                step = partial(self._begun.send, value)
            try:
                self._awaited = step()
            except StopIteration:
                return


async def _go_on(begun: Coroutine[Any, Any, None], awaited: Any) -> None:
    await _Begun(begun, awaited)
