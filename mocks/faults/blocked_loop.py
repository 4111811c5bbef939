"""A server that does its work on the event loop."""

from __future__ import annotations

import asyncio
import time

from mocks.faults import healthy
from mocks.faults.reply import Reply, Shared

SENTENCE = "Does nothing else for half of every --every-ms, so that what is due meanwhile comes at once."


async def answer(reply: Reply) -> None:
    if reply.shared.blocker is None:
        reply.shared.blocker = asyncio.create_task(_block(reply.shared, reply.knobs.every_ms / 2e3))
    await healthy.answer(reply)


async def _block(shared: Shared, half_s: float) -> None:
    while True:
        time.sleep(half_s)
        await asyncio.sleep(half_s)
