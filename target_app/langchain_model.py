"""`LLM_CLIENT=langchain`: the answer is what a LangChain chat model's `astream` gives."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator
from typing import Any, cast

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.language_models import BaseChatModel
from langchain_core.messages import AIMessageChunk
from langchain_core.runnables import RunnableConfig

from target_app.executors import DEFAULT_EXECUTOR, OWN_ASYNC
from target_app.factories import FactoryError, find_factory, made
from target_app.llm_client import Messages, client_options, failure, http_options
from target_app.settings import Settings
from target_app.upstream import Upstream


class LangChainLLM:
    """The chat model that `LANGCHAIN_MODEL` names, or `ChatOpenAI`; `LANGCHAIN_CALLBACKS` watch it.

    Raises:
        FactoryError: there is no such model or handler.
    """

    def __init__(self, settings: Settings, upstream: Upstream) -> None:
        self._settings = settings
        self._http: Any = None
        self._config: RunnableConfig = {}
        if settings.langchain_callbacks:
            self._config["callbacks"] = make_callbacks(settings.langchain_callbacks)
        if settings.langchain_model:
            self._model = _named(settings.langchain_model)
        else:
            self._model, self._http = make_chat_openai(settings, upstream)
        self.kind = type(self._model).__name__
        self.executor = DEFAULT_EXECUTOR if falls_back(self._model) else OWN_ASYNC

    async def stream(self, messages: Messages) -> AsyncGenerator[str, None]:
        try:
            answer = cast("AsyncGenerator[AIMessageChunk]", self._model.astream(messages, self._config))
            async with contextlib.aclosing(answer):
                async for chunk in answer:
                    if piece := _piece(chunk):
                        yield piece
        except Exception as error:  # each provider's package raises its own
            raise failure(error, self._settings) from error

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()


def _piece(chunk: AIMessageChunk) -> str:
    """The chunk's part of the answer; thoughts and calls of tools, which are blocks beside it, are none."""
    return chunk.content if isinstance(chunk.content, str) else str(chunk.text)


def falls_back(model: BaseChatModel) -> bool:
    """Does its `astream` hop to the event loop's default executor for every piece, or for the whole?"""
    kind = type(model)
    if kind._astream is not BaseChatModel._astream:
        return False
    streams = kind._stream is not BaseChatModel._stream
    return streams or kind._agenerate is BaseChatModel._agenerate


def _named(name: str) -> BaseChatModel:
    try:
        return made(BaseChatModel, find_factory(name))  # type: ignore[type-abstract]
    except FactoryError as error:
        raise FactoryError(f"LANGCHAIN_MODEL={name}: {error}") from error


def make_callbacks(name: str) -> list[BaseCallbackHandler]:
    """The handlers that a factory makes: one, or a list of them. Raises FactoryError."""
    try:
        found = made(object, find_factory(name))
        handlers = found if isinstance(found, list) else [found]
        return [made(BaseCallbackHandler, lambda one: one, handler) for handler in handlers]
    except FactoryError as error:
        raise FactoryError(f"LANGCHAIN_CALLBACKS={name}: {error}") from error


def make_chat_openai(settings: Settings, upstream: Upstream) -> tuple[BaseChatModel, Any]:
    """`ChatOpenAI`, requesting what the other clients request, and its HTTP client. Raises FactoryError."""
    import openai

    try:
        from langchain_openai import ChatOpenAI
    except ImportError as error:
        said = "LLM_CLIENT=langchain: install langchain-openai, or name another model in LANGCHAIN_MODEL"
        raise FactoryError(f"{said} ({error})") from error
    http = openai.DefaultAsyncHttpxClient(**http_options(settings, upstream, asynchronous=True))
    model = ChatOpenAI(
        model=settings.llm_model,
        stream_usage=False,
        stream_chunk_timeout=None,  # LLM_TIMEOUT_S is the client's
        use_responses_api=False,
        http_async_client=http,
        **client_options(settings),
    )
    return model, http
