"""A server that thinks before it says a word."""

from __future__ import annotations

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "Nothing at all for --stall-s, then a healthy answer."


async def answer(reply: Reply) -> None:
    await reply.stall()
    await healthy.answer(reply)
