"""A reverse proxy in front of the reference app; `FRONT=buffer`: it holds each answer back until it is whole.

`python plants/front.py PORT` starts the app, too.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from contextlib import suppress

END_OF_CHUNKS = b"0\r\n\r\n"
_APP = ("-m", "uvicorn", "plants.service:app", "--host", "127.0.0.1", "--no-access-log", "--port")


async def _requests(reader: asyncio.StreamReader, app: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        app.write(data)
        await app.drain()


async def _answers(app: asyncio.StreamReader, writer: asyncio.StreamWriter, *, whole: bool) -> None:
    held = b""
    while data := await app.read(65536):
        held += data
        chunked = b"transfer-encoding: chunked" in held[:2000].lower()
        if whole and chunked and not held.endswith(END_OF_CHUNKS):
            continue
        writer.write(held)
        held = b""
        await writer.drain()


async def _serve(port: int, app_port: int) -> None:
    whole = os.environ.get("FRONT") == "buffer"

    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        app_writer = None
        with suppress(OSError):
            app_reader, app_writer = await asyncio.open_connection("127.0.0.1", app_port)
            ways = [_requests(reader, app_writer), _answers(app_reader, writer, whole=whole)]
            tasks = [asyncio.create_task(way) for way in ways]
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for one in filter(None, (writer, app_writer)):
            one.close()

    async with await asyncio.start_server(connected, "127.0.0.1", port) as server:
        await server.serve_forever()


def main() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        app_port = probe.getsockname()[1]
    app = subprocess.Popen([sys.executable, *_APP, str(app_port)])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(int(sys.argv[1]), app_port))
    finally:
        app.terminate()
        app.wait(10)


if __name__ == "__main__":
    main()
