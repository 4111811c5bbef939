"""A proxy that buffers: the first token late, the gaps short."""

from __future__ import annotations

from mocks.faults.dialects import Event
from mocks.faults.reply import Reply

SENTENCE = "Holds the stream back until --lump-bytes are there, as nginx's proxy_buffering does."


async def answer(reply: Reply) -> None:
    await reply.head()
    held: list[Event] = reply.dialect.opening()
    for place, word in enumerate(reply.words):
        await reply.due(place)
        held.append(reply.dialect.token(word))
        if sum(len(reply.frame(event.payload)) for event in held) >= reply.knobs.lump_bytes:
            await reply.send(*held)
            held = []
    await reply.send(*held, *reply.dialect.closing(reply.words))
    await reply.end()
