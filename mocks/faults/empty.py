"""Nothing to divide by."""

from __future__ import annotations

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "A whole answer without a token."


async def answer(reply: Reply) -> None:
    reply.words = []
    await healthy.answer(reply)
