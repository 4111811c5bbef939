"""No fault: what the others are held against."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "Headers at once, each token in an event and a packet of its own when it is due, a whole ending."


async def answer(reply: Reply) -> None:
    await reply.head()
    await reply.opened()
    await reply.tokens()
    await reply.closing()
    await reply.end()
