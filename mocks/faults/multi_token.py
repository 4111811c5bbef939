"""One event, several tokens."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "Four tokens in one event, when the last of them is due; OpenAI's usage tells the true number."
TOKENS = 4


async def answer(reply: Reply) -> None:
    await reply.head()
    await reply.opened()
    for start in range(0, len(reply.words), TOKENS):
        words = reply.words[start : start + TOKENS]
        await reply.due(start + len(words) - 1)
        await reply.send(reply.dialect.token("".join(words), tokens=len(words)))
    await reply.closing()
    await reply.end()
