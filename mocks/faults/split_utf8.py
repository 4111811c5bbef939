"""One event, several packets, none of which can be decoded alone."""

from __future__ import annotations

from mocks.faults.reply import Reply
from mocks.openai_wire import http_chunk

SENTENCE = (
    "Every packet ends in the middle of a character and of its JSON, every second of an HTTP chunk too."
)
LETTER = "\N{WHALE}"


async def answer(reply: Reply) -> None:
    await reply.head()
    reply.words = [word + LETTER for word in reply.words]
    await reply.opened()
    for place, word in enumerate(reply.words):
        await reply.due(place)
        event = reply.dialect.token(word)
        whole = reply.frame(event.payload)
        send = reply.write
        if place % 2:
            whole, send = http_chunk(whole), reply.packet
        middle = whole.index(LETTER.encode()) + 2  # of its four bytes
        await send(whole[:middle])
        await reply.apart()
        await send(whole[middle:], event)
    await reply.closing()
    await reply.end()
