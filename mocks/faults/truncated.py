"""A clean end of a stream that is not whole."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "Half of the tokens, then the body's proper end without a terminal event."


async def answer(reply: Reply) -> None:
    await reply.head()
    await reply.opened()
    await reply.tokens(0, len(reply.words) // 2)
    await reply.end()
