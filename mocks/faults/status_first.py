"""Progress is no answer."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "Status, documents (OpenAI: the role) at once, each in its packet, long before the first token."


async def answer(reply: Reply) -> None:
    await reply.head()
    for event in reply.dialect.opening():
        await reply.send(event)
        await reply.apart()
    await reply.tokens()
    await reply.closing()
    await reply.end()
