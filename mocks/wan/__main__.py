"""``python -m mocks.wan --listen 8101 --to 127.0.0.1:8001 --delay 35ms``: a service that is far away."""

from __future__ import annotations

import asyncio
import json
import socket
import sys
from collections.abc import Sequence

import click

from mocks import serving
from mocks.numbers import Whole
from mocks.wan.clock import fine_loop
from mocks.wan.control import control
from mocks.wan.relay import Places, Relay
from mocks.wan.schedule import Link
from mocks.wan.units import Bandwidth, Place, Share, Time

_BACKLOG = 1024
Where = tuple[str, int]


@click.command(context_settings=serving.HELP, epilog=serving.EXIT_CODES)
@click.option(
    "--listen",
    default="127.0.0.1:0",
    type=Place(),
    help="Where a load comes in. [default: a free port, printed]",
)
@click.option("--to", required=True, type=Place(least=1), help="Where the link leads: the service.")
@click.option(
    "--delay",
    default="0ms",
    type=Time(),
    help="Round trip, such as 35ms; each way takes half. [default: 0ms]",
)
@click.option(
    "--bandwidth", type=Bandwidth(), help="Each way, of all connections, such as 10mbit. [default: no limit]"
)
@click.option(
    "--loss", default="0%", type=Share(), help="Of segments of 1460 bytes, such as 0.1%. [default: 0%]"
)
@click.option("--seed", default=0, type=Whole(0), show_default=True, help="Seeds what is lost.")
@click.option("--control", "commands", type=Place(), help="Takes commands over HTTP there. [default: none]")
@click.option(
    "--cut-after",
    type=Time(),
    help="So long after the first connection nothing passes any more, such as 4s. [default: never]",
)
def command(
    listen: Where,
    to: Where,
    delay: float,
    bandwidth: float | None,
    loss: float,
    seed: int,
    commands: Where | None,
    cut_after: float | None,
) -> int:
    """A long way to a service: a TCP relay with delay, bandwidth and loss.

    \b
    python -m mocks.wan --listen 8101 --to 127.0.0.1:8001 --delay 35ms
        a load with --connect-to 127.0.0.1:8101 meets the service of port 8001 from afar
    python -m mocks.wan --listen 8101 --to 8001 --delay 90ms --bandwidth 10mbit --loss 0.1%

    A segment that is lost comes a retransmission's timeout later (the round trip and 200 ms; twice that if
    it is lost again), and all behind it with it. The system itself takes a connection at once: the link
    hands on what its client says a round trip later, so that a first answer comes as late as it would.
    Commands, while it runs: POST /partition (nothing passes), /heal, /reset (all connections); GET / says
    how it is, and so does the last line that it prints.
    """
    link = Link(round_trip_s=delay, bytes_per_s=bandwidth or 0.0, loss=loss, seed=seed)
    return serving.run(_serve(link, listen, to, commands, cut_after), *listen, fine_loop)


async def _serve(
    link: Link, listen: Where, to: Where, commands: Where | None, cut_after: float | None
) -> int:
    relay = Relay(link=link, to=await _looked_up(to), cut_after_s=cut_after)
    family = socket.AF_INET6 if ":" in listen[0] else socket.AF_INET
    with socket.create_server(listen, family=family, backlog=_BACKLOG) as listener:
        server = await _control(relay, commands) if commands else None
        relay.listen(listener)
        stopped = serving.stopped()
        print(f"link listening on {_shown(listener)}", flush=True)
        if server:
            print(f"commands at http://{_shown(server.sockets[0])}", flush=True)
        code = await stopped
        asyncio.get_running_loop().remove_reader(listener)
    print(json.dumps(relay.state()), flush=True)
    relay.reset()
    return code


async def _looked_up(to: Where) -> Places:
    try:
        return await asyncio.get_running_loop().getaddrinfo(*to, type=socket.SOCK_STREAM)
    except OSError as error:
        raise click.ClickException(f"--to {to[0]}: {error.strerror or error}") from None


async def _control(relay: Relay, commands: Where) -> asyncio.Server:
    try:
        return await control(relay, *commands)
    except OSError as error:
        raise click.ClickException(
            f"cannot listen on {commands[0]}:{commands[1]}: {error.strerror}"
        ) from None


def _shown(sock: socket.socket) -> str:
    host, port, *_ = sock.getsockname()
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 130 interrupted, 2 for a bad flag or a port in use (one line on stderr)."""
    return serving.invoke(command, "mocks.wan", arguments)


if __name__ == "__main__":
    sys.exit(main())
