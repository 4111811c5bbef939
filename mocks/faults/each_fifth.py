"""The server whose median is fine: what hangs is not among the answers that have ended."""

from __future__ import annotations

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "Each fifth request hears nothing at all for --stall-s, then a healthy answer."


async def answer(reply: Reply) -> None:
    if reply.number % 5 == 0:
        await reply.stall()
    await healthy.answer(reply)
