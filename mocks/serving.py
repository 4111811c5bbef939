"""What the mock servers share as processes: listening until told to stop, the record's file, exit codes."""

from __future__ import annotations

import asyncio
import errno
import os
import re
import signal
import sys
from collections.abc import Callable, Coroutine, Mapping, Sequence
from pathlib import Path
from typing import Any

import click
import orjson

HELP = {"max_content_width": 110, "help_option_names": ["-h", "--help"]}
EXIT_CODES = (
    "Exit codes: 0 stopped by SIGTERM, 1 a full disk, or standard output that takes nothing more, 2 wrong "
    "usage, or a port in use, 130 stopped by Ctrl-C."
)
_USER = re.compile(r"(?P<quote>['\"]?)\S*@")
"""In a message, of a URL or a host: it may have a password."""


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """uvloop's loop if it is installed; the standard one does as well, at more CPU a token."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def stopped() -> asyncio.Future[int]:
    """Done when SIGINT or SIGTERM comes, with the exit code (130 or 0)."""
    loop = asyncio.get_running_loop()
    ended: asyncio.Future[int] = loop.create_future()

    def stop(code: int) -> None:
        if not ended.done():
            ended.set_result(code)

    loop.add_signal_handler(signal.SIGINT, stop, 130)
    loop.add_signal_handler(signal.SIGTERM, stop, 0)
    return ended


async def serve(
    protocol: Callable[[], asyncio.Protocol], close_all: Callable[[], None], host: str, port: int, name: str
) -> int:
    """Serve until SIGINT or SIGTERM; the exit code (130 or 0). Raises OSError if the port is not free."""
    server = await asyncio.get_running_loop().create_server(protocol, host, port, backlog=1024)
    ended = stopped()
    shown = f"[{host}]" if ":" in host else host
    print(f"{name} listening on http://{shown}:{server.sockets[0].getsockname()[1]}", flush=True)
    code = await ended
    server.close()
    close_all()
    await asyncio.sleep(0)  # connection_lost is called in the loop's next turn: it records the cancelled
    return code


def run(
    serving: Coroutine[Any, Any, int],
    host: str,
    port: int,
    factory: Callable[[], asyncio.AbstractEventLoop] | None,
) -> int:
    """Run ``serve`` to its exit code. Raises ClickException where it cannot listen."""
    try:
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(serving)
    except OSError as error:
        reason = "the port is in use" if error.errno == errno.EADDRINUSE else (error.strerror or error)
        raise click.ClickException(f"cannot listen on {host}:{port}: {reason}") from None


class Record:
    """A file with a line for each request; what cannot be written is lost, and told once."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor, self.lost = descriptor, False

    def write(self, record: Mapping[str, object]) -> None:
        """Whatever comes of it: who asked is answered."""
        line = orjson.dumps(record, option=orjson.OPT_APPEND_NEWLINE)
        if self.lost:
            return  # a line after half of one would be none
        try:
            whole = os.write(self._descriptor, line) == len(line)
            why = "" if whole else "its last line is cut short"
        except OSError as error:
            why = error.strerror or str(error)
        if why:
            self.lost = True
            print(f"error: the record is incomplete from here on: {why}", file=sys.stderr, flush=True)

    def code(self, code: int) -> int:
        """The exit code of who ended so."""
        return 1 if self.lost else code


def open_record(path: Path) -> Record:
    """One that is appended to. Raises ClickException; OSError on a full disk."""
    try:
        return Record(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o644))
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EIO):
            raise
        raise click.ClickException(f"cannot write {path}: {error.strerror}") from None


def invoke(
    command: click.Command, module: str, arguments: Sequence[str] | None, *, prog_name: str | None = None
) -> int:
    """The exit code: 0, 130 interrupted, 2 for a bad flag or a port in use, 1 where what was to be said
    could not be written (one line on stderr). ``prog_name``: where it is not started by ``python -m``."""
    name = prog_name or f"python -m {module}"
    try:
        code = command.main(args=arguments, prog_name=name, standalone_mode=False)
        return code if isinstance(code, int) else 0
    except click.ClickException as error:
        said = _USER.sub(r"\g<quote>***@", error.format_message())
        print(f"error: {said}", file=sys.stderr)
        return 2
    except (click.Abort, KeyboardInterrupt):
        return 130
    except OSError as error:  # standard output takes nothing more: a full disk
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.stdout.fileno())  # or Python would try once more at its end
        os.close(null)
        print(f"error: cannot write: {error.strerror or error}", file=sys.stderr)
        return 1
