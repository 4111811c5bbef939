"""The commands: ``chokepoint NAME``, in the order of ``--help``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from cli.completion import completion
from cli.menu import Entry, Menu


def entries() -> Mapping[str, Entry]:
    return COMMANDS


def _mocks() -> Mapping[str, Entry]:
    """A mock server each, as the room's own catalogue has them."""
    servers = import_module("mocks.catalogue").SERVERS
    return {
        name: Entry(
            sentence=server.sentence,
            example=server.example,
            command=_attribute(server.module, "command"),
            main=_mock(server.module),
        )
        for name, server in servers.items()
    }


def _attribute(module: str, name: str) -> Callable[[], Any]:
    return lambda: getattr(import_module(module), name)


def _mock(module: str) -> Callable[[Sequence[str], str], int]:
    def run(arguments: Sequence[str], name: str) -> int:
        command: click.Command = _attribute(module, "command")()
        code: int = import_module("mocks.serving").invoke(command, name, arguments, prog_name=name)
        return code

    return run


def _room(module: str, command: str) -> dict[str, Any]:
    """Its click command, and its ``main``, which takes arguments and the name to go by."""

    def run(arguments: Sequence[str], name: str) -> Any:
        return _attribute(module, "main")()(list(arguments), name)

    return {"command": _attribute(module, command), "main": run}


_MOCK = Menu("mock", _mocks, help="A server that stands in for a slow or remote part of the service.")

COMMANDS: dict[str, Entry] = {
    "sweep": Entry(
        sentence="Measure a service at several loads; say what holds it back.",
        example="--deployment url:http://127.0.0.1:8000",
        **_room("sweep.cli", "command"),
    ),
    "report": Entry(
        sentence="Say what the results of one run, or of several, mean.",
        example="results/before results/after",
        **_room("reports.cli", "main"),
    ),
    "profile": Entry(
        sentence="Sample CPU and memory of a service and of the machine.",
        example="--port 8001 --duration 60",
        **_room("profiler.cli", "command_line"),
    ),
    "mock": Entry(
        sentence="Start a server that stands in for an LLM, or that sets a trap.",
        example="openai --port 8002 --ttft-ms 100",
        command=lambda: _MOCK,
    ),
    "completion": Entry(
        sentence="Print what makes a shell complete commands and options.",
        example="bash >> ~/.bashrc",
        command=lambda: completion,
    ),
}
