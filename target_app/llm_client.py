"""What every client of the LLM has in common: what it is, how it is set up, and how it fails."""

from __future__ import annotations

import contextlib
import ipaddress
from collections.abc import AsyncGenerator
from typing import Any, Protocol
from urllib.parse import urlsplit

from target_app.settings import Settings
from target_app.upstream import Upstream

Messages = list[dict[str, str]]


class LLMError(Exception):
    """The LLM did not answer; the message is for the client and holds no secret."""


class LLM(Protocol):
    """A source of answers."""

    kind: str
    """The class that answers."""
    executor: str
    """Where the client's work is done."""

    def stream(self, messages: Messages) -> AsyncGenerator[str, None]:
        """The answer's non-empty pieces as they come. Raises LLMError."""

    async def close(self) -> None:
        """Let connections and threads go."""


def is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    with contextlib.suppress(ValueError):
        return ipaddress.ip_address(host).is_loopback
    return host == "localhost"


def client_options(settings: Settings) -> dict[str, Any]:
    return {
        "base_url": settings.openai_base_url,
        "api_key": settings.openai_api_key.get_secret_value() or "none",
        "timeout": settings.llm_timeout_s,
        "max_retries": 0,  # a retry would hide a failure inside a stage's time
    }


def http_options(settings: Settings, upstream: Upstream, *, asynchronous: bool) -> dict[str, Any]:
    return {
        "trust_env": not is_loopback(settings.openai_base_url),  # a proxy cannot reach our loopback
        "event_hooks": upstream.hooks(asynchronous=asynchronous),
    }


def without_key(text: str, settings: Settings) -> str:
    """The text without our key."""
    key = settings.openai_api_key.get_secret_value()
    return text.replace(key, "***") if key else text


def failure(error: Exception, settings: Settings) -> LLMError:
    """What the client is told: the kind of failure, never the key."""
    status = getattr(error, "status_code", None)
    said = " ".join(str(error).split()) if status not in (401, 403) else "the LLM refused our key"
    said = without_key(said, settings)
    code = f"HTTP {status}: " if status else ""
    return LLMError(f"LLM failed: {type(error).__name__}: {code}{said[:200]}")
