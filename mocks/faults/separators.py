"""What Python's `splitlines` takes for line ends, and the format does not."""

from __future__ import annotations

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "U+2028, U+2029 and U+0085 unescaped inside the data, where they end no line."


async def answer(reply: Reply) -> None:
    reply.words = [word + "\u2028\u2029\u0085" for word in reply.words]
    await healthy.answer(reply)
