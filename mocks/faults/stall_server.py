"""Coordinated omission's server: a client that waits for it asks less, and hides the stall."""

from __future__ import annotations

import asyncio

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "Sends nobody anything for --stall-s, once, --stall-at-s after its first request."


async def answer(reply: Reply) -> None:
    if reply.number == 1:
        loop, knobs, running = asyncio.get_running_loop(), reply.knobs, reply.shared.running
        loop.call_later(knobs.stall_at_s, running.clear)
        loop.call_later(knobs.stall_at_s + knobs.stall_s, running.set)
    await healthy.answer(reply)
