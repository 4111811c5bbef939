"""``python -m mocks.openai_server``: an OpenAI-compatible streaming LLM of known, seeded latency."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mocks import serving
from mocks.latency import LatencyModel
from mocks.numbers import Number, Whole
from mocks.openai_protocol import Connection
from mocks.openai_streams import Service


@click.command(context_settings={**serving.HELP, "show_default": True}, epilog=serving.EXIT_CODES)
@click.option("--host", default="127.0.0.1", help="Address to listen on.")
@click.option(
    "--port", default=8002, type=Whole(0, 65535), help="Port to listen on; 0 takes a free one and prints it."
)
@click.option(
    "--ttft-ms", default=100.0, type=Number(0, 600_000), help="Mean time to first token, in milliseconds."
)
@click.option(
    "--itl-ms", default=5.0, type=Number(0, 60_000), help="Mean gap between tokens, in milliseconds."
)
@click.option("--tokens", default=32, type=Whole(1, 100_000), help="Tokens of an answer.")
@click.option("--seed", default=0, type=Whole(0), help="Seeds the answers' timing and words.")
@click.option(
    "--jitter",
    default=0.1,
    type=Number(0, 2),
    help="Coefficient of variation of both times (0.1: they vary by 10 %); 0: none.",
)
@click.option(
    "--max-concurrent",
    default=0,
    type=Whole(0),
    help="Answers at a time, further ones queue first come first served; 0: no limit.",
)
@click.option(
    "--slower-per-answer",
    default=0.0,
    type=Number(0, 100),
    help="By what share of its time alone an answer is slower for each other one that runs when it starts "
    "(0.1: 10 %).",
)
@click.option(
    "--record",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Append a JSON line for each request with what was truly sent, and when. [default: nowhere]",
)
def command(
    host: str,
    port: int,
    ttft_ms: float,
    itl_ms: float,
    tokens: int,
    seed: int,
    jitter: float,
    max_concurrent: int,
    slower_per_answer: float,
    record: Path | None,
) -> int:
    """An OpenAI-compatible LLM server that thinks nothing and takes a known time.

    \b
    python -m mocks.openai_server                              an LLM on port 8002
    python -m mocks.openai_server --ttft-ms 300 --itl-ms 20    a slower one
    python -m mocks.openai_server --max-concurrent 4           one that answers four at a time

    An app has it in its LLM's place by OPENAI_BASE_URL=http://127.0.0.1:8002/v1 and any OPENAI_API_KEY. A
    load asks it itself by --dialect openai.

    Time to first token and each gap are drawn from gamma distributions whose means are --ttft-ms and
    --itl-ms and whose coefficient of variation is --jitter (shape 1/jitter^2, scale mean*jitter^2). Every
    request has a generator of its own, seeded with --seed and the request's number, so the n-th answer is
    the same in every run. Tokens are due at absolute times: a late one does not delay the next.
    """
    model = LatencyModel(ttft_ms=ttft_ms, itl_ms=itl_ms, jitter=jitter, seed=seed)
    kept = None if record is None else serving.open_record(record)
    service = Service(
        model=model,
        tokens=tokens,
        max_concurrent=max_concurrent,
        slower_per_answer=slower_per_answer,
        record=kept,
    )
    connections: set[Connection] = set()

    def close_all() -> None:
        for connection in tuple(connections):
            connection.close()

    server = serving.serve(lambda: Connection(service, connections), close_all, host, port, "mock LLM")
    code = serving.run(server, host, port, serving.loop_factory())
    return kept.code(code) if kept else code


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0, 130 interrupted, 2 for a bad flag or a port in use (one line on stderr)."""
    return serving.invoke(command, "mocks.openai_server", arguments)


if __name__ == "__main__":
    sys.exit(main())
