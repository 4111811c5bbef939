"""A server that loads on the first request."""

from __future__ import annotations

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "The very first request waits --stall-s more for its first token; the others do not."


async def answer(reply: Reply) -> None:
    if reply.number == 1:
        reply.ttft_s += reply.knobs.stall_s
    await healthy.answer(reply)
