"""The space after the colon is optional."""

from __future__ import annotations

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "`data:` without the space after it."


async def answer(reply: Reply) -> None:
    reply.frame = lambda payload: b"data:" + payload + b"\n\n"
    await healthy.answer(reply)
