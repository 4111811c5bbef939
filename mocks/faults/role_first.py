"""An event that looks like a token and holds none."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "An empty token (OpenAI's role chunk) at once, the first real token a whole TTFT later."


async def answer(reply: Reply) -> None:
    await reply.head()
    await reply.send(*reply.dialect.opening(), reply.dialect.token("", tokens=0))
    await reply.tokens()
    await reply.closing()
    await reply.end()
