"""Which pool it is that requests wait for a thread of."""

from __future__ import annotations

from typing import Any

import pytest

READ = {"kind": "socket-read", "at": "AsyncStream.read", "where": "answer (mine.py:30)"}
WAIT = {"kind": "executor-queue", "at": "asyncio.to_thread", "where": "search (mine.py:7)"}


@pytest.mark.parametrize(
    ("busy", "queued", "code"),
    [
        (6, 0, "default-executor-exhausted"),
        (4, 4, "default-executor-exhausted"),  # full in bursts
        (4, 0, "thread-pool-exhausted"),  # not this one
    ],
)
def test_a_pool_is_named_by_its_queue_too(
    diagnose: Any, seen: Any, busy: int, queued: int, code: str
) -> None:
    def pool(busy: int, queued: int) -> tuple[dict[str, Any], ...]:
        return ({"name": "asyncio", "max": 6, "threads": 6, "busy": busy, "queued": queued},)

    [found, *_] = diagnose(
        seen(users=1, rps=10, waits=({**READ, "count": 1},), executors=pool(1, 0)),
        seen(
            users=20, rps=40, waits=({**READ, "count": 4}, {**WAIT, "count": 16}),
            executors=pool(busy, queued),
        ),
    )  # fmt: skip
    assert found.code == code
