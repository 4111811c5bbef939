"""A body that only the connection's end ends."""

from __future__ import annotations

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "Neither chunks nor a length: Connection: close, as HTTP/1.0 did it."


async def answer(reply: Reply) -> None:
    reply.chunked = False
    await healthy.answer(reply)
