"""Trap 1: what reads by the kilobyte sees everything at the end."""

from __future__ import annotations

import orjson

from mocks.faults.dialects import Event
from mocks.faults.reply import Reply

SENTENCE = (
    "Twenty events of 50 bytes 100 ms apart, the first after 100 ms; --ttft-ms, --itl-ms, --tokens no matter."
)
EVENTS = 20
EVENT_BYTES = 50
GAP_S = 0.1
_ASK = b'{"type":"token","content":%b}'
_OPENAI = b'{"choices":[{"delta":{"content":%b}}]}'


async def answer(reply: Reply) -> None:
    reply.ttft_s = reply.itl_s = GAP_S
    shape = _ASK if reply.dialect.name == "ask" else _OPENAI
    room = EVENT_BYTES - len(reply.frame(shape % b'""'))
    reply.words = [f"{place:{room}d}" for place in range(EVENTS)]
    await reply.head()
    for place, word in enumerate(reply.words):
        await reply.due(place)
        await reply.send(Event(payload=shape % orjson.dumps(word), tokens=1))
    await reply.closing()
    await reply.end()
