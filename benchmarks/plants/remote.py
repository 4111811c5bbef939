"""A remote store that takes a known time for each answer, however many ask: `GET /<milliseconds>`.

`python remote.py PORT` runs it; `ask` and `ask_async` are its clients.
"""

from __future__ import annotations

import asyncio
import http.client
import os
import sys
from contextlib import suppress

PORT_VARIABLE = "PLANT_REMOTE_PORT"
_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def ask(milliseconds: float) -> None:
    """Ask and wait for the answer, on the calling thread."""
    connection = http.client.HTTPConnection("127.0.0.1", int(os.environ[PORT_VARIABLE]), timeout=60)
    try:
        connection.request("GET", f"/{milliseconds:.3f}")
        connection.getresponse().read()
    finally:
        connection.close()


async def ask_async(milliseconds: float) -> None:
    """The same without holding the event loop."""
    reader, writer = await asyncio.open_connection("127.0.0.1", int(os.environ[PORT_VARIABLE]))
    try:
        writer.write(f"GET /{milliseconds:.3f} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
        await reader.read()
    finally:
        writer.close()


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError, ValueError, IndexError, asyncio.IncompleteReadError):
        head = await reader.readuntil(b"\r\n\r\n")
        await asyncio.sleep(float(head.split()[1].lstrip(b"/") or 0) / 1e3)
        writer.write(_ANSWER)
        await writer.drain()
    writer.close()


async def _serve(port: int) -> None:
    async with await asyncio.start_server(_answer, "127.0.0.1", port, backlog=512) as server:
        await server.serve_forever()


if __name__ == "__main__":
    with suppress(KeyboardInterrupt):
        asyncio.run(_serve(int(sys.argv[1])))
