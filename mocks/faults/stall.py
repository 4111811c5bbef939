"""A stream that stops without ending."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "Half of the tokens, then nothing for --stall-s (inf: for ever), then the rest."


async def answer(reply: Reply) -> None:
    half = len(reply.words) // 2
    await reply.head()
    await reply.opened()
    await reply.tokens(0, half)
    await reply.stall()
    await reply.tokens(half)
    await reply.closing()
    await reply.end()
