"""A first token and no gap."""

from __future__ import annotations

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "A whole answer of one token."


async def answer(reply: Reply) -> None:
    reply.words = reply.words[:1]
    await healthy.answer(reply)
