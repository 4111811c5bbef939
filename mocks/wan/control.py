"""Commands to a link while it runs, over HTTP: ``curl -X POST 127.0.0.1:8201/partition``."""

from __future__ import annotations

import asyncio
import json

from mocks.wan.relay import Relay

COMMANDS = ("partition", "heal", "reset")
_MOST_BYTES = 8192
_WAIT_S = 5.0


def answer(relay: Relay, method: str, path: str) -> tuple[str, dict[str, object]]:
    """Do what a request asks for: a status, and the link's state or what is wrong."""
    command = path.strip("/")
    if method == "GET" and not command:
        return "200 OK", relay.state()
    if command not in COMMANDS:
        return "404 Not Found", {"error": f"GET / says how it is; POST takes {', '.join(COMMANDS)}"}
    if method != "POST":
        return "405 Method Not Allowed", {"error": f"POST /{command}"}
    getattr(relay, command)()
    return "200 OK", relay.state()


async def control(relay: Relay, host: str, port: int) -> asyncio.Server:
    """Raises OSError where it cannot listen."""

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), _WAIT_S)
            method, path, *_ = head.decode("latin-1").split(" ", 2)
            status, said = answer(relay, method, path)
            body = json.dumps(said).encode() + b"\n"
            lines = (f"HTTP/1.1 {status}", "Content-Type: application/json", f"Content-Length: {len(body)}")
            writer.write("\r\n".join((*lines, "Connection: close", "", "")).encode() + body)
            await writer.drain()
        except (OSError, ValueError, TimeoutError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass  # it was no request, or nobody waits for the answer
        finally:
            writer.close()

    return await asyncio.start_server(take, host, port, limit=_MOST_BYTES)
