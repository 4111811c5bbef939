"""What locust does at the begin and end of a load that would spoil it, mended. Imports locust."""

from __future__ import annotations

import signal
from collections.abc import Callable
from functools import cache
from typing import Any

import gevent
from gevent.event import Event
from locust import argument_parser
from locust.runners import WorkerRunner
from locust.stats import StatsCSVFileWriter


@cache  # locust has its command line parsed more than once
def hold_spawns() -> Event:
    """Have a worker begin when this is set, and not before.

    One that comes while its master runs a load is told to begin at once, which may be before locust's init
    event: nobody would be there to see the load start, and its users would ask nothing until the end."""
    ready, handle = Event(), WorkerRunner.handle_message

    def handle_message(self: Any, msg: Any) -> None:
        if msg.type == "spawn":
            ready.wait()
        handle(self, msg)

    WorkerRunner.handle_message = handle_message
    return ready


def work_out_defaults_once() -> None:
    """At each change of its users a worker of locust works all default options out anew for every option
    that it is told, and meanwhile its loop stands still, some 200 ms. They never change."""
    argument_parser.default_args_dict = cache(argument_parser.default_args_dict)


def interrupt_main_greenlet() -> Callable[..., None]:
    """Have Ctrl-C raised in the main greenlet, which waits for it; the handler that does so.

    Python raises it in whichever greenlet runs. In the one in which a master reads its workers' messages
    that is a traceback, and the end of reading: the records of all that drained would be lost."""
    hub = gevent.get_hub()

    def on_signal(*_: Any) -> None:
        if gevent.getcurrent() is hub.parent:
            raise KeyboardInterrupt
        hub.loop.run_callback_threadsafe(hub.handle_system_error, KeyboardInterrupt, KeyboardInterrupt())

    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:  # else it is ignored, or somebody's
        signal.signal(signal.SIGINT, on_signal)
    return on_signal


@cache  # a process that loads two scenarios comes here twice
def end_csv_with_its_files() -> None:
    """Locust closes the files of its ``--csv`` and leaves on who writes them once a second: where the process
    takes a moment to end, as one does that waits for its forked workers, that is a traceback."""
    write, close = StatsCSVFileWriter.stats_writer, StatsCSVFileWriter.close_files

    def stats_writer(self: Any) -> None:
        if not self.requests_csv_filehandle.closed:  # else it comes too late
            self.writing = gevent.getcurrent()
            write(self)

    def close_files(self: Any) -> None:
        if writer := getattr(self, "writing", None):
            gevent.kill(writer)
        close(self)

    StatsCSVFileWriter.stats_writer, StatsCSVFileWriter.close_files = stats_writer, close_files
