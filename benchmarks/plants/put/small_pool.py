"""The LLM's HTTP client has so many connections, and no more."""

from __future__ import annotations

from functools import partial

import openai
from httpx2 import Limits


def put(amount: float) -> None:
    limits = Limits(max_connections=int(amount), max_keepalive_connections=int(amount))
    openai.DefaultAsyncHttpxClient = partial(  # type: ignore[assignment]
        openai.DefaultAsyncHttpxClient, limits=limits
    )
