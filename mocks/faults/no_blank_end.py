"""The last event is ended by the stream's end alone."""

from __future__ import annotations

from mocks.faults.reply import Reply

SENTENCE = "The terminal event comes last and without the blank line after it."


async def answer(reply: Reply) -> None:
    await reply.head()
    await reply.opened()
    await reply.tokens()
    events = reply.dialect.closing(reply.words)
    last = next(place for place, event in enumerate(events) if event.terminal)
    data = b"".join(reply.frame(event.payload) for event in events[: last + 1])
    await reply.write(data.removesuffix(b"\n\n"), *events[: last + 1])
    await reply.end()
