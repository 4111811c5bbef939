"""Signs of life are no answer."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "Keep-alive comments from the start, and between the tokens."
COMMENT = b": keep-alive\n\n"


async def answer(reply: Reply) -> None:
    await reply.head()
    await reply.write(COMMENT)
    await reply.apart()
    await reply.write(COMMENT)
    await reply.opened()
    for place in range(len(reply.words)):
        await reply.tokens(place, place + 1)
        await reply.write(COMMENT)
    await reply.closing()
    await reply.end()
