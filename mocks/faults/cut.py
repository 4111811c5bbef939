"""A process that dies."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "Half of the tokens, then the connection is reset (RST)."


async def answer(reply: Reply) -> None:
    await reply.head()
    await reply.opened()
    await reply.tokens(0, len(reply.words) // 2)
    await reply.apart()
    reply.reset()
