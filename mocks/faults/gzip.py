"""Compression that nobody asked for."""

from __future__ import annotations

import zlib

from mocks.faults.reply import Reply, data_frame

SENTENCE = "Content-Encoding: gzip, whatever was asked for; every event is flushed."
GZIP_BITS = 31


async def answer(reply: Reply) -> None:
    packer = zlib.compressobj(wbits=GZIP_BITS)
    reply.frame = lambda payload: packer.compress(data_frame(payload)) + packer.flush(zlib.Z_SYNC_FLUSH)
    await reply.head(b"content-encoding: gzip")
    await reply.opened()
    await reply.tokens()
    await reply.closing()
    await reply.write(packer.flush())
    await reply.end()
