"""The answer's end is not the stream's."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "The terminal event at once, the body's end --stall-s later."


async def answer(reply: Reply) -> None:
    await reply.head()
    await reply.opened()
    await reply.tokens()
    await reply.closing()
    await reply.hold()
    await reply.end()
