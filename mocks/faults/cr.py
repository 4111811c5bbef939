"""Line ends that the format allows and nobody expects."""

from __future__ import annotations

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "Lines end with CR alone."


async def answer(reply: Reply) -> None:
    reply.frame = lambda payload: b"data: " + payload + b"\r\r"
    await healthy.answer(reply)
