"""A link between sockets of this process."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import Awaitable, Callable

import pytest

from mocks.wan.clock import fine_loop
from mocks.wan.control import answer
from mocks.wan.relay import Relay
from mocks.wan.schedule import Link
from support import LIMIT_S

ROUND_TRIP_S = 0.04
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
Told = Callable[[Relay, Callable[[], Awaitable[Streams]]], Awaitable[None]]


def over_a_link(told: Told, *, answers: bool = True) -> None:
    """Have a client at a link to a server that says back what it is told; or to a port where nobody is."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65536):
            writer.write(data)
        writer.close()

    async def run() -> None:
        server = await asyncio.start_server(echo, "127.0.0.1", 0)
        host, port = server.sockets[0].getsockname()
        if not answers:
            server.close()
        to = [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (host, port))]
        relay = Relay(link=Link(round_trip_s=ROUND_TRIP_S), to=to)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            relay.listen(listener)
            await told(relay, lambda: asyncio.open_connection(*listener.getsockname()))
            asyncio.get_running_loop().remove_reader(listener)
        relay.reset()
        server.close()

    with asyncio.Runner(loop_factory=fine_loop) as runner:
        runner.run(asyncio.wait_for(run(), LIMIT_S))


async def asked(streams: Streams, said: bytes) -> float:
    """Say something and have it back: how long that took."""
    reader, writer = streams
    began = time.monotonic()
    writer.write(said)
    assert await reader.readexactly(len(said)) == said
    return time.monotonic() - began


def test_the_first_answer_takes_two_round_trips_and_each_other_one() -> None:
    async def told(relay: Relay, dial: Callable[[], Awaitable[Streams]]) -> None:
        began = time.monotonic()
        streams = await dial()
        await asked(streams, b"hello")
        assert time.monotonic() - began >= 2 * ROUND_TRIP_S
        assert await asked(streams, b"x" * 1_000_000) >= ROUND_TRIP_S
        assert min([await asked(streams, b"hello") for _ in range(5)]) < 2 * ROUND_TRIP_S
        state = relay.state()
        assert (state["connections"], state["requests"], state["bytes_there"]) == (1, 7, 1_000_030)
        streams[1].write_eof()
        assert await streams[0].read() == b""

    over_a_link(told)


def test_a_cut_link_keeps_what_is_under_way_until_it_is_healed() -> None:
    async def told(relay: Relay, dial: Callable[[], Awaitable[Streams]]) -> None:
        streams = await dial()
        await asked(streams, b"hello")
        assert answer(relay, "POST", "/partition")[1]["partitioned"]
        answered = asyncio.ensure_future(asked(streams, b"hello"))
        fresh = await dial()  # the system takes it
        answered_there = asyncio.ensure_future(asked(fresh, b"hello"))
        done, _ = await asyncio.wait((answered, answered_there), timeout=3 * ROUND_TRIP_S)
        assert not done
        assert not answer(relay, "POST", "/heal")[1]["partitioned"]
        assert await answered >= 3 * ROUND_TRIP_S
        await answered_there

    over_a_link(told)


def test_a_reset_ends_what_is_open_and_nothing_else() -> None:
    async def told(relay: Relay, dial: Callable[[], Awaitable[Streams]]) -> None:
        streams = await dial()
        await asked(streams, b"hello")
        assert answer(relay, "POST", "/reset")[1]["open"] == 0
        with pytest.raises(ConnectionResetError):
            await streams[0].read()
        await asked(await dial(), b"hello")

    over_a_link(told)


def test_who_connects_to_nobody_is_reset_a_round_trip_later() -> None:
    async def told(relay: Relay, dial: Callable[[], Awaitable[Streams]]) -> None:
        began = time.monotonic()
        reader, _ = await dial()
        with pytest.raises(ConnectionResetError):
            await reader.read()
        assert time.monotonic() - began >= ROUND_TRIP_S
        assert answer(relay, "POST", "/partitoin")[0].startswith("404")
        assert answer(relay, "GET", "/heal")[0].startswith("405")

    over_a_link(told, answers=False)
