"""``python -m mocks.faults NAME``: a server that sets one trap, and tells the truth in its record."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mocks import serving
from mocks.faults.catalogue import ASK_ONLY, FAULTS
from mocks.faults.dialects import PATHS
from mocks.faults.reply import Knobs
from mocks.faults.server import Server
from mocks.numbers import Number, Whole

HOST = "127.0.0.1"


def _list(context: click.Context, _: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        for name, fault in FAULTS.items():
            click.echo(f"{name:<17} {fault.SENTENCE}")
        context.exit()


@click.command(context_settings={**serving.HELP, "show_default": True}, epilog=serving.EXIT_CODES)
@click.argument("name", metavar="NAME", required=False)
@click.option("--list", is_flag=True, is_eager=True, expose_value=False, callback=_list, help="All NAMEs.")
@click.option(
    "--port", default=0, type=Whole(0, 65535), help="Port to listen on; 0 takes a free one and prints it."
)
@click.option(
    "--dialect",
    default="ask",
    type=click.Choice(list(PATHS)),
    help="API that is spoken: the reference app's, or OpenAI's.",
)
@click.option(
    "--ttft-ms", default=100.0, type=Number(0, 600_000), help="Time to first token, in milliseconds."
)
@click.option("--itl-ms", default=10.0, type=Number(0, 60_000), help="Gap between tokens, in milliseconds.")
@click.option("--tokens", default=20, type=Whole(2, 100_000), help="Tokens of an answer.")
@click.option(
    "--stall-s",
    default=3.0,
    type=Number(0, endless=True),
    help="Seconds for which the faults that stall, are slow or cold hold, and each-fifth; inf: for ever.",
)
@click.option(
    "--stall-at-s",
    default=3.0,
    type=Number(0, 600_000),
    help="Seconds from its first request until stall-server stalls.",
)
@click.option(
    "--every-ms",
    default=200.0,
    type=Number(1, 60_000),
    help="Period of blocked-loop's blocks, in milliseconds.",
)
@click.option("--lump-bytes", default=1024, type=Whole(1), help="Bytes that buffering waits for.")
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append a JSON line for each request with what was truly sent, and when. [default: nowhere]",
)
def command(
    name: str | None,
    port: int,
    dialect: str,
    ttft_ms: float,
    itl_ms: float,
    tokens: int,
    stall_s: float,
    stall_at_s: float,
    every_ms: float,
    lump_bytes: int,
    record: Path | None,
) -> int:
    """A streaming server on 127.0.0.1 with the fault NAME; --list tells them all.

    \b
    python -m mocks.faults --list
    python -m mocks.faults healthy --port 8003         without a fault
    python -m mocks.faults truncated --port 8003       its answers end too soon
    locust -f locustfiles/stream.py -H http://127.0.0.1:8003 --headless -u 4 -t 10s
        does a load see it?

    Token n is due --ttft-ms and n times --itl-ms after its request, at absolute times.
    """
    if name is None:
        raise click.UsageError("NAME, the fault to serve, is missing: --list tells those there are")
    if name not in FAULTS:
        raise click.UsageError(f"there is no fault {name!r}: --list tells those there are")
    if name in ASK_ONLY and dialect != "ask":
        raise click.UsageError(f"{name} can only be said in the dialect ask")
    server = Server(
        name=name,
        fault=FAULTS[name],
        dialect=dialect,
        knobs=Knobs(
            ttft_ms=ttft_ms,
            itl_ms=itl_ms,
            tokens=tokens,
            stall_s=stall_s,
            stall_at_s=stall_at_s,
            every_ms=every_ms,
            lump_bytes=lump_bytes,
        ),
        record=None if record is None else serving.open_record(record),
    )
    running = serving.serve(server.connect, server.close_all, HOST, port, f"fault {name}")
    # asyncio's own loop: uvloop's timers and sockets are not as exact, nor as open to a reset.
    code = serving.run(running, HOST, port, None)
    return server.record.code(code) if server.record else code


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: see ``serving.invoke``."""
    return serving.invoke(command, "mocks.faults", arguments)


if __name__ == "__main__":
    sys.exit(main())
