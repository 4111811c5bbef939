"""Before anything starts: refuse what cannot work, in one line, with exit code 2."""

from __future__ import annotations

import ctypes
import os
import signal
import socket
import tempfile
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from typing import Any, NoReturn

import psutil

from loadgen.adapter import forked, sources
from loadgen.client.http import Origin
from loadgen.engine.bounds import MOST_AT_ONCE, MOST_SECONDS, check_number
from loadgen.engine.settings import Scenario, Settings, check_files, origin_of, settings, task_of
from loadgen.engine.task import AnyTask
from loadgen.engine.terminal import refuse, warn
from loadgen.process import target
from records.errors import UsageError
from records.exit_codes import FAULT, USAGE
from records.files import of_the_disk

LOCUST_WARNS_ABOVE = 100
"""Users spawned a second."""
_PR_SET_PDEATHSIG = 1
MOST_PROCESSES = 1024


def check_before_forks(parser: Any) -> None:
    """``parser``: locust's. Refuse what locust would end over in a traceback, or wait for without end:
    a number of processes or a time that cannot be, reports that cannot be written, a port that a master
    cannot have.

    Before ``--processes`` forks: those workers would be left behind, or join whoever has the port."""
    sources.watch(parser)
    try:
        options, _ = parser.parse_known_args()
        check_number("--processes", options.processes or 0, (int, -1, MOST_PROCESSES))
        if options.run_time is not None:
            check_number("-t (seconds)", options.run_time, (int, 1, MOST_SECONDS))
        _check_files(options)
        if options.processes:
            os.register_at_fork(after_in_child=partial(_end_with, os.getpid()))
            if regions := os.environ.get(forked.VARIABLE):
                forked.settle_in(regions, options.processes)
        if options.master or (options.processes and not options.worker):
            _listen("--master-bind-port", options.master_bind_host, options.master_bind_port)
            if not options.headless or options.headful:
                _listen("--web-port", options.web_host, options.web_port)
    except UsageError as error:
        refuse(sources.sourced(str(error)))
    except OSError as error:
        _end_for(error)
    except OverflowError:  # of the hours in -t, while locust parses
        refuse(sources.sourced("-t is too long a time"))


def _end_with(parent: int) -> None:
    """In a load worker that ``parent`` forked: by itself it would miss a killed master after 10 s, and then
    drain a load that nobody records. (Linux; what a worker forks itself has another parent.)"""
    if os.getppid() == parent:
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def check(environment: Any, scenario: Scenario, *, is_worker: bool) -> None:
    """The options as locust parsed them; fills in the spawn rate, so that -u and -t alone are enough."""
    options, host = environment.parsed_options, environment.host
    try:
        wanted = settings(options)
        task = task_of(scenario, options, wanted)
        origin = origin_of(host, wanted.reach) if options.headless or host else None
        if not is_worker:
            if (options.headless or options.autostart) and options.num_users is not None:
                least = 0 if environment.shape_class else 1  # a shape has users of its own
                check_number("-u", options.num_users, (int, least, MOST_AT_ONCE))
            check_files(wanted, task)
            if not options.cell_spec:  # a sweep has said it once
                _warn(host, origin, wanted, task)
            if origin and options.headless and (trouble := target.trouble(origin, wanted.headers)):
                text = f"{host} cannot be reached: {wanted.redaction.redact(trouble)}"
                if not options.master or options.processes:  # then its workers are of this machine
                    raise UsageError(text)
                text += "; workers elsewhere may reach it, so that the configuration is as-is"
                warn(f"from this master {text}")
            if environment.web_ui:
                _listen("--web-port", options.web_host, options.web_port)
    except (UsageError, OSError) as error:
        if is_worker and options.processes:  # its master says it, which has the same variables
            raise SystemExit(USAGE) from None
        if is_worker:
            refuse(sources.sourced(str(error)))
        if isinstance(error, OSError):
            kill_forked(options)
            _end_for(error)
        refuse_forked(options, sources.sourced(str(error)))
    if options.headless and options.num_users is None:
        options.num_users = 1
    if options.spawn_rate is None and options.num_users:
        options.spawn_rate = float(min(options.num_users, LOCUST_WARNS_ABOVE))


def _warn(host: str, origin: Origin | None, wanted: Settings, task: AnyTask) -> None:
    """What may not be meant, and keeps nothing from starting."""
    tls = wanted.reach.tls.flags()
    if origin is not None and not origin.tls and tls:
        warn(f"{host} is not https://, so that nothing is verified by {' and '.join(tls)}")
    for text in task.warnings():
        warn(text)


def refuse_forked(options: Any, message: str) -> None:
    """As `refuse`, once locust may have forked ``--processes``."""
    kill_forked(options)
    refuse(message)


def kill_forked(options: Any) -> None:
    """Locust would leave them behind, waiting for a master."""
    if options.processes:
        for worker in psutil.Process().children():
            worker.kill()


def _end_for(error: OSError) -> NoReturn:
    """Of a disk that is full, or broken, one line is said."""
    if of_the_disk(error):
        refuse(f"cannot write {error.filename or 'a file'}: {error.strerror or error}", FAULT)
    raise error


def _check_files(options: Any) -> None:
    """Locust writes its reports at the end, its log from the start, and makes their folders. Raises
    UsageError where it cannot."""
    files = {"--logfile": None if options.skip_log_setup else options.logfile}
    if not options.worker:
        csv = options.csv_prefix and f"{options.csv_prefix}_stats.csv"
        json = options.json_file and f"{options.json_file}.json"
        files |= {"--csv": csv, "--html": options.html_file, "--json-file": json}
    for option, file in files.items():
        if not file:
            continue
        path = Path(file).absolute()
        try:
            if path.is_file() or path.is_dir():
                path.open("ab").close()
            elif not path.exists():  # a device or a pipe is left alone
                tempfile.TemporaryFile(dir=next(folder for folder in path.parents if folder.exists())).close()
        except OSError as error:
            if of_the_disk(error):
                raise
            raise UsageError(f"{option} {file}: {error.strerror or error}") from error


@cache  # asked once: when the web UI has the command line parsed again, the ports are our own
def _listen(option: str, host: str, port: int) -> None:
    """Raises UsageError where one cannot listen."""
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as locust's own
            probe.bind(("" if host == "*" else host, port))
            probe.listen()
    except (OSError, OverflowError) as error:
        why = error.strerror if isinstance(error, OSError) else "no such port"
        raise UsageError(f"{option} {port}: {why or error}") from error
