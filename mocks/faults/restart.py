"""An answer and a half."""

from __future__ import annotations

from mocks.faults.dialects import Ask
from mocks.faults.reply import Reply

SENTENCE = "Half of the tokens, `clear_response`, and after another TTFT all of them again (only in ask)."


async def answer(reply: Reply) -> None:
    assert isinstance(reply.dialect, Ask)  # OpenAI's has no word for it; the command line refuses
    await reply.head()
    await reply.opened()
    await reply.tokens(0, len(reply.words) // 2)
    await reply.send(*reply.dialect.restart())
    reply.restart_clock()
    await reply.tokens()
    await reply.closing()
    await reply.end()
