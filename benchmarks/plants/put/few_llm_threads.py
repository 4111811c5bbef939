"""The synchronous LLM client has so many threads."""

from __future__ import annotations

from target_app import llm


def put(amount: float) -> None:
    llm.POOL_THREADS = int(amount)
