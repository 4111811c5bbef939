"""The LLM's HTTP client has so many connections, and no more."""

from __future__ import annotations

from functools import partial

import httpx
import openai


def put(amount: float) -> None:
    limits = httpx.Limits(max_connections=int(amount), max_keepalive_connections=int(amount))
    openai.DefaultAsyncHttpxClient = partial(  # type: ignore[assignment, misc]
        openai.DefaultAsyncHttpxClient, limits=limits
    )
