"""Line ends as in HTTP."""

from __future__ import annotations

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "Lines end with CR LF."


async def answer(reply: Reply) -> None:
    reply.frame = lambda payload: b"data: " + payload + b"\r\n\r\n"
    await healthy.answer(reply)
