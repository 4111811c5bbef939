"""The reference app behind a network: whatever is sent, and the end of a connection, arrives later.

`python plants/far.py PORT` starts the app, too. `NETWORK_MS`: how much later, each way; `KEEP_ALIVE_S`: how
long the app keeps a connection that nobody uses. Where it ends one, it may have been asked already.
"""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial

CHUNK = 65536
_APP = "import sys, uvicorn; uvicorn.run('plants.service:app', port=int(sys.argv[1]), access_log=False, " \
    "timeout_keep_alive=float(sys.argv[2]))"  # fmt: skip
"""Its command line takes whole seconds alone."""


async def _carried(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, later_s: float) -> None:
    """From one end to the other until the first has nothing more; the end itself comes later, too."""
    loop = asyncio.get_running_loop()

    def arrive(what: Callable[[], None]) -> None:
        loop.call_later(later_s, what)

    with suppress(OSError):
        while data := await reader.read(CHUNK):
            arrive(partial(_write, writer, data))
    arrive(writer.close)


def _write(writer: asyncio.StreamWriter, data: bytes) -> None:
    if not writer.is_closing():
        writer.write(data)


async def _serve(port: int, app_port: int, later_s: float) -> None:
    async def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            app_reader, app_writer = await asyncio.open_connection("127.0.0.1", app_port)
        except OSError:  # it is not up yet
            writer.close()
            return
        await asyncio.gather(_carried(reader, app_writer, later_s), _carried(app_reader, writer, later_s))

    async with await asyncio.start_server(connected, "127.0.0.1", port, backlog=512) as server:
        await server.serve_forever()


def main() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        app_port = probe.getsockname()[1]
    keep_alive_s = os.environ.get("KEEP_ALIVE_S", "60")
    app = subprocess.Popen([sys.executable, "-c", _APP, str(app_port), keep_alive_s])
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        with suppress(KeyboardInterrupt):
            asyncio.run(_serve(int(sys.argv[1]), app_port, float(os.environ.get("NETWORK_MS", "0")) / 1e3))
    finally:
        app.terminate()
        app.wait(10)


if __name__ == "__main__":
    main()
