"""200 is not success."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "Status 200, half of the tokens, then an error event, then `end` ([DONE])."


async def answer(reply: Reply) -> None:
    await reply.head()
    await reply.opened()
    await reply.tokens(0, len(reply.words) // 2)
    await reply.send(*reply.dialect.failure("the LLM failed"))
    await reply.end()
