"""The mock servers: ``chokepoint mock NAME`` is ``python -m MODULE``. A scenario adds its line."""

from __future__ import annotations

from typing import NamedTuple


class Server(NamedTuple):
    """Nothing is imported for it; its module has a click ``command``."""

    module: str
    sentence: str
    example: str
    """What follows its name."""


SERVERS: dict[str, Server] = {
    "openai": Server("mocks.openai_server", "An OpenAI-compatible LLM of a known latency.", "--ttft-ms 100"),
    "faults": Server("mocks.faults.__main__", "A streaming server that sets one trap.", "truncated"),
    "wan": Server("mocks.wan.__main__", "A long way to a service.", "--to 127.0.0.1:8001 --delay 35ms"),
}
