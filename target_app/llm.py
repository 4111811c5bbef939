"""The LLM, in the ways `LLM_CLIENT` names, and the mock. Each gives the answer piece by piece."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from mocks.llm import stream_words
from target_app.dial import Dial
from target_app.executors import LLM_POOL, LOOP, Pool
from target_app.factories import FactoryError
from target_app.llm_client import (
    LLM,
    Messages,
    client_options,
    failure,
    http_options,
    without_key,
)
from target_app.settings import Settings, die
from target_app.upstream import Upstream

POOL_THREADS = 40  # as many as Starlette's own pool, through which the original's tokens hop


def _request(settings: Settings, messages: Messages) -> dict[str, Any]:
    return {"model": settings.llm_model, "messages": messages, "stream": True}


def _piece(chunk: Any) -> str:
    if not chunk.choices:
        return ""
    return chunk.choices[0].delta.content or ""


class AsyncLLM:
    """One AsyncOpenAI for all requests."""

    kind = "AsyncLLM"
    executor = LOOP

    def __init__(self, settings: Settings, upstream: Upstream) -> None:
        import openai

        self._settings = settings
        http = openai.DefaultAsyncHttpxClient(**http_options(settings, upstream, asynchronous=True))
        self._client = openai.AsyncOpenAI(http_client=http, **client_options(settings))

    async def stream(self, messages: Messages) -> AsyncGenerator[str, None]:
        try:
            stream = await self._client.chat.completions.create(**_request(self._settings, messages))
            try:
                async for chunk in stream:
                    if piece := _piece(chunk):
                        yield piece
            finally:
                await stream.close()
        except Exception as error:  # the SDK, its HTTP library and its parser each raise their own
            raise failure(error, self._settings) from error

    async def close(self) -> None:
        await self._client.close()


class SyncLLM:
    """The synchronous client: a hop to the pool for every piece, or (`blocking`) none, on the loop itself."""

    kind = "SyncLLM"

    def __init__(
        self, settings: Settings, upstream: Upstream, *, threaded: bool, dial: Dial | None = None
    ) -> None:
        import openai

        self._settings = settings
        self._dial = dial
        http = openai.DefaultHttpxClient(**http_options(settings, upstream, asynchronous=False))
        self._client = openai.OpenAI(http_client=http, **client_options(settings))
        self._pool = Pool(POOL_THREADS, LLM_POOL) if threaded else None
        self.executor = LLM_POOL if threaded else LOOP

    def _open(self, messages: Messages) -> tuple[Any, Iterator[str]]:
        began = self._dial.now_ns() if self._dial is not None else 0
        stream = self._client.chat.completions.create(**_request(self._settings, messages))
        pieces = (piece for chunk in stream if (piece := _piece(chunk)))
        return stream, pieces if self._dial is None else self._dial.pieces("llm", began, pieces)

    async def stream(self, messages: Messages) -> AsyncGenerator[str, None]:
        try:
            pieces = self._threaded(self._pool, messages) if self._pool else self._blocking(messages)
            async with contextlib.aclosing(pieces):
                async for piece in pieces:
                    yield piece
        except Exception as error:
            raise failure(error, self._settings) from error

    async def _blocking(self, messages: Messages) -> AsyncGenerator[str, None]:
        stream, pieces = self._open(messages)
        try:
            for piece in pieces:
                yield piece
                await asyncio.sleep(0)  # what is written leaves between two pieces, as in the original
        finally:
            stream.close()

    async def _threaded(self, pool: ThreadPoolExecutor, messages: Messages) -> AsyncGenerator[str, None]:
        loop = asyncio.get_running_loop()
        opening = pool.submit(self._open, messages)
        try:
            stream, pieces = await asyncio.wrap_future(opening, loop=loop)
        except asyncio.CancelledError:
            # The request cannot be called back, only hung up on as soon as it is answered.
            opening.add_done_callback(lambda done: done.exception() or done.result()[0].close())
            raise
        try:
            while (piece := await loop.run_in_executor(pool, next, pieces, None)) is not None:
                yield piece
        finally:
            _hang_up(stream)
            pool.submit(stream.close)

    async def close(self) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)
        self._client.close()


def _hang_up(stream: Any) -> None:
    """End the connection under a thread that may be reading from it; closing would wait for that read."""
    network = stream.response.extensions.get("network_stream")
    raw = network.get_extra_info("socket") if network is not None else None
    if isinstance(raw, socket.socket) and not stream.response.is_closed:
        with contextlib.suppress(OSError):
            raw.shutdown(socket.SHUT_RDWR)


class DialledLLM:
    """One whose client awaits, with a wait for the first piece that the dial makes longer."""

    def __init__(self, source: LLM, dial: Dial) -> None:
        self._source = source
        self._dial = dial
        self.kind, self.executor = source.kind, source.executor

    def stream(self, messages: Messages) -> AsyncGenerator[str, None]:
        return self._dial.apieces("llm", self._source.stream(messages))

    async def close(self) -> None:
        await self._source.close()


class MockedLLM:
    """The mock of `mocks.llm`: the answer is there at once, without a call to anybody."""

    kind = "MockedLLM"
    executor = LOOP

    def words(self, question: str) -> Iterator[str]:
        """The answer's pieces."""
        return stream_words(question)

    async def close(self) -> None:
        return


def make_llm(
    settings: Settings, upstream: Upstream | None = None, dial: Dial | None = None
) -> LLM | MockedLLM:
    """The LLM that the settings name, or its mock.

    Raises:
        SystemExit: there is no such LangChain model.
    """
    if settings.use_mock_llm:
        return MockedLLM()
    upstream = upstream or Upstream()
    upstream.used = True
    if settings.llm_client in ("threaded", "blocking"):
        return SyncLLM(settings, upstream, threaded=settings.llm_client == "threaded", dial=dial)
    source = _awaiting(settings, upstream)
    return source if dial is None else DialledLLM(source, dial)


def _awaiting(settings: Settings, upstream: Upstream) -> LLM:
    """One whose client is asynchronous. Raises SystemExit."""
    if settings.llm_client == "langchain":
        from target_app.langchain_model import LangChainLLM  # a second to import, which the others save

        try:
            return LangChainLLM(settings, upstream)
        except FactoryError as error:
            raise die(without_key(str(error), settings)) from None
    return AsyncLLM(settings, upstream)
