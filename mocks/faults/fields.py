"""All that an event may consist of."""

from __future__ import annotations

from mocks.faults import healthy
from mocks.faults.reply import Reply

SENTENCE = "A byte order mark, `event:`, `id:`, `retry:` and unknown lines, JSON over two `data:` lines."
BOM = b"\xef\xbb\xbf"


def frame(payload: bytes) -> bytes:
    """The first comma of a payload lies between two members, where JSON may have a line end."""
    data = payload.replace(b",", b",\ndata: ", 1)
    # The data first: before another field, a client that does not know the mark would lose nothing.
    return b"data: " + data + b"\nevent: message\nid: 7\nretry: 1000\nother: line\n\n"


async def answer(reply: Reply) -> None:
    marks = [BOM]
    reply.frame = lambda payload: (marks.pop() if marks else b"") + frame(payload)
    await healthy.answer(reply)
