"""An address that has moved, of which the time of two answers would be told as one."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "302 to /elsewhere, without a body."


async def answer(reply: Reply) -> None:
    await reply.head(b"location: /elsewhere", status=302)
    await reply.end()
