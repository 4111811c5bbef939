"""One packet, several events."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "Four events at a time in one write, when the last of them is due."
EVENTS = 4


async def answer(reply: Reply) -> None:
    await reply.head()
    await reply.opened()
    for start in range(0, len(reply.words), EVENTS):
        words = reply.words[start : start + EVENTS]
        await reply.due(start + len(words) - 1)
        await reply.send(*[reply.dialect.token(word) for word in words])
    await reply.closing()
    await reply.end()
