"""A load run inside locust: from locust's events to the run's parts. Imports locust.

One process is alone, a master or a worker for its whole life; each start of the load is a fresh `Run`.
"""

from __future__ import annotations

import gc
import logging
import sys
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial
from typing import Any

import gevent
import psutil
from locust import stats
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadgen import mends, rows, target
from loadgen.alone import Alone
from loadgen.cellfile import CellFile, asked, fresh_folder, verdict_line
from loadgen.client import secured
from loadgen.client.http import Origin
from loadgen.distributed import Keep, Master, Orders, Worker
from loadgen.driver import Driver, Place
from loadgen.exit_code import exit_code
from loadgen.expected import Expected
from loadgen.merge import Merge
from loadgen.open_loop import OpenLoop
from loadgen.redacted_logs import RedactingStream, redact_logs
from loadgen.run import Phase, Run
from loadgen.session import Plan, Session
from loadgen.settings import Settings, origin_of, settings
from loadgen.shapes.level_log import LevelLog
from records import noise
from records.exit_codes import FAULT, USAGE
from records.request import RequestRecord
from records.served import Served

DISK_S = 0.2
CSV_S = stats.CSV_STATS_INTERVAL_SEC + 0.2
ENDING_S = 60
UNANSWERED = "no request was answered, or failed, in the time there was: give more with -t or --drain-seconds"
log = logging.getLogger(__name__)


def _load_pids() -> list[int]:
    """This process and the workers that it forked (``--processes``)."""
    own = psutil.Process()
    return [own.pid, *(child.pid for child in own.children(recursive=True))]


def _unanswered(run: Run | None, options: Any) -> bool:
    """Did a load run to its end, and no request to its own? To locust, without a row for it, all is well."""
    return run is not None and options.headless and not (run.answered or run.interrupted)


class RequestFailed(Exception):
    """How a failed request shows in locust's own tables."""


class LoadRun:
    """The load of one locust process."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.run: Run | None = None
        self.watchers: list[Callable[[RequestRecord], None]] = []
        """Each is shown every request that ends in this process."""
        self.level_log = LevelLog()
        """What a shape notes. Its first tick is before the start, so that the run cannot have it."""
        self.shape_options: Callable[[], dict[str, Any]] = dict
        """Of the load that starts, by name; none without a shape, or of one that names none."""
        self._failed: set[int] = set()
        """Exit codes of what went wrong: FAULT, USAGE."""
        self._runs = 0
        self._told = False
        runner, events = environment.runner, environment.events
        self.part: Alone | Master | Worker = Alone()
        if isinstance(runner, MasterRunner):
            self.part = Master(runner)
        elif isinstance(runner, WorkerRunner):
            mends.work_out_defaults_once()
            self.part = Worker(runner, events)
        self.is_worker = isinstance(self.part, Worker)
        self._region = environment.parsed_options.region
        events.test_start.add_listener(self.on_test_start)
        events.spawning_complete.add_listener(self.on_spawning_complete)
        events.test_stopping.add_listener(self.on_test_stopping)
        events.test_stop.add_listener(self.on_test_stop)
        events.quitting.add_listener(self.on_quitting)
        events.quit.add_listener(self.on_quit)

    @property
    def driver(self) -> Driver | None:
        """Who asks in this process; None on a master, and while there is no run."""
        return self.part.driver if self.run else None

    # -- the start ---------------------------------------------------------------------------------

    def on_test_start(self, environment: Environment, **_: Any) -> None:
        self.run = None
        if self.is_worker:  # its own label; all other options are the master's, by now
            environment.parsed_options.region = self._region or environment.parsed_options.region
        try:
            wanted = settings(environment.parsed_options)
            redact_logs(wanted.redaction)
            gevent.get_hub().exception_stream = RedactingStream(sys.stderr, wanted.redaction)
            origin = origin_of(environment.host, wanted.reach)
            self._begin(wanted, origin)
        except ValueError as error:  # UsageError, QuestionError
            log.error("%s", error)
            if isinstance(self.part, Worker):
                self.part.refuse(Orders(**environment.parsed_options.chokepoint), str(error))
            else:
                self._refuse(USAGE)
            return
        except OSError as error:  # a full disk: there is nowhere to keep the records
            log.error("cannot write %s: %s", error.filename, error.strerror or error)
            self._refuse(FAULT)
            return
        self._runs += 1
        gevent.spawn(self._watch, self.run)
        gevent.spawn(self._watch_disk, self.run)

    def _begin(self, wanted: Settings, origin: Origin) -> None:
        options, runner = self.environment.parsed_options, self.environment.runner
        cell = None
        if self.is_worker:
            orders = Orders(**options.chokepoint)
        else:
            users = runner.target_user_count or options.num_users or 1
            served = target.served(origin, wanted.headers, wanted.redaction)
            log.info("The service's configuration is %s", served.config or "not told (as-is)")
            cell = self._cell(wanted, origin, users, served) if wanted.results else None
            orders = self._orders(wanted, users, cell)
            options.chokepoint = asdict(orders)  # locust sends its options to the workers
        plan = Plan(
            users=orders.users,
            warmup_requests=wanted.warmup_requests,
            requests=wanted.requests,
            min_seconds=wanted.min_seconds,
        )
        run = Run(
            orders=orders,
            settings=wanted,
            started_ns=time.time_ns(),
            cell=cell,
            machine=noise.read(_load_pids()),
        )
        session = Session(plan=plan, decides=not self.is_worker)
        if isinstance(self.part, Master):
            expected = max(len(orders.workers), options.expect_workers)
            members = set(orders.workers)
            run.merge = Merge(id=orders.id, session=session, expected=expected, members=members)
            self.part.begin(run.merge, cell.append if cell else None)
        else:
            worker = f"w{runner.worker_index}" if isinstance(self.part, Worker) else "local"
            keep = self.part.keep if wanted.results else None
            driver = self._driver(run, origin, session, worker, keep)
            if isinstance(self.part, Worker):
                self.part.begin(orders, driver)
            else:
                self.part.begin(driver, cell.append if cell else None, gevent.spawn)
            gc.collect()
            gc.freeze()  # what is here stays: looking through it again and again would be a lag of 10 ms each
            gevent.spawn(driver.lag.run)
            driver.turns.start(gevent.get_hub().loop)
            if wanted.open_loop:
                gevent.spawn(OpenLoop(driver=driver, spawn=gevent.spawn).run)
        self.run = run

    def _cell(self, wanted: Settings, origin: Origin, users: int, served: Served) -> CellFile:
        options, shape_class = self.environment.parsed_options, self.environment.shape_class
        expected = Expected.read(options.cell_spec, wanted.redaction) if options.cell_spec else None
        served = expected.spec.heard(served) if expected else served
        shape = type(shape_class).__name__ if shape_class else None
        cell = asked(
            wanted,
            users,
            served,
            origin,
            run_time_s=options.run_time,
            shape=shape,
            shape_options=self.shape_options(),
        )
        cell_file = CellFile(
            fresh_folder(wanted.results, again=self._runs > 0),
            cell,
            wanted,
            served,
            shape=shape,
            insecure=wanted.reach.tls.insecure if origin.tls else None,
            expected=expected,
        )
        log.info("Records go to %s", cell_file.folder)
        return cell_file

    def _orders(self, wanted: Settings, users: int, cell: CellFile | None) -> Orders:
        folder = cell.folder.resolve().name if cell else ""
        runner = self.environment.runner
        workers = self.part.connected() if isinstance(self.part, Master) else [runner.client_id]
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        return Orders(
            id=uuid.uuid4().hex,
            run=wanted.run_name or folder or stamp,
            cell=wanted.cell_name or (cell.cell.name if cell else "cell"),
            users=users,
            workers=workers,
        )

    def _driver(self, run: Run, origin: Origin, session: Session, worker: str, keep: Keep | None) -> Driver:
        orders = run.orders
        return Driver(
            origin=origin,
            settings=run.settings,
            place=Place(
                run=orders.run,
                cell=orders.cell,
                worker=worker,
                worker_index=orders.place(self.environment.runner.client_id),
                workers=len(orders.workers),
            ),
            session=session,
            connection=secured.connection,
            users=-(-orders.users // len(orders.workers)),
            on_end=partial(self._ended, run.settings.dialect.path, keep),
        )

    def on_spawning_complete(self, **_: Any) -> None:
        if self.run is not None and self.run.merge is not None:
            self.run.merge.session.spawned = True
        elif self.driver is not None:
            self.driver.session.spawned = True

    # -- while it runs -----------------------------------------------------------------------------

    def _ended(self, path: str, keep: Keep | None, record: RequestRecord) -> None:
        """A request is over: into the records, and into locust's table."""
        if keep is not None:
            keep(record.encode())
        for watch in self.watchers:
            watch(record)
        if not record.counts:
            return  # neither good nor failed: locust's table has no row for it
        rows.log(self.environment.stats, path, record)
        self.environment.events.request.fire(
            request_type="POST",
            name=path,
            response_time=record.e2e_ms,
            response_length=record.bytes,
            exception=None if record.outcome == "ok" else RequestFailed(f"{record.outcome}: {record.error}"),
            context={},
        )

    def _watch(self, run: Run) -> None:
        """Stop locust when this process's part says so, unless somebody else did first."""
        if not self.part.watch() or self.run is not run or run.phase is not Phase.RUNNING:
            return
        if run.merge is not None and run.merge.refused:
            self._refuse(USAGE)
        else:
            self._stop_locust()

    def _watch_disk(self, run: Run | None) -> None:
        """Stop a run whose records can no longer be kept: it would be load for nothing."""
        while run is not None and run.cell is not None and run.phase is Phase.RUNNING:
            run.cell.look()
            if run.cell.fault is not None:
                self._failed.add(FAULT)
                self._stop_locust()
                return
            time.sleep(DISK_S)

    def _stop_locust(self) -> None:
        if self.environment.parsed_options.headless or self.is_worker:
            self.environment.runner.quit()
        else:
            self.environment.runner.stop()

    def _refuse(self, code: int) -> None:
        """What was asked for cannot be run, as the log says: the end, unless the web UI can ask for else."""
        if self.environment.parsed_options.headless:
            self._failed.add(code)
        gevent.spawn(self._stop_locust)

    # -- the end -----------------------------------------------------------------------------------

    def on_test_stopping(self, **_: Any) -> None:
        """May come again while it drains (locust's run time, the last worker's leave): all wait together."""
        run = self.run
        if run is None or run.phase is Phase.OVER:
            return
        run.phase = Phase.DRAINING
        self.level_log.stop()
        # A worker's streams were drained when the master said so; what is left now is cut.
        self.part.drain(0 if self.is_worker else run.settings.drain_seconds)

    def on_test_stop(self, **_: Any) -> None:
        run, level_log = self.run, self.level_log
        self.level_log = LevelLog()
        if run is None or run.phase is Phase.OVER:
            return
        run.phase = Phase.OVER
        merge = run.merge or (Merge.of(self.driver) if self.driver else None)
        self.part.end()
        run.answered = merge is not None and merge.session.ended > 0
        if run.cell is not None and merge is not None:
            options = self.environment.parsed_options
            planned = run.settings.requests or options.run_time or self.environment.shape_class
            observed = merge.observed(
                started_at_ns=run.started_ns,
                ended_at_ns=time.time_ns(),
                complete=not planned or not (run.interrupted or merge.deserted),
                noise=noise.of_generator(run.machine, noise.read(_load_pids())),
            )
            level_log.stop()  # where locust did not say that it would stop
            run.finished = run.cell.finish(observed, level_log)
            if run.cell.fault is not None:
                self._failed.add(FAULT)
            if not options.headless:
                print(verdict_line(run.finished.cell), file=sys.stderr)
        if merge is not None and merge.deserted and self.environment.parsed_options.headless:
            gevent.spawn(self.environment.runner.quit)  # locust itself would wait for ever

    def on_quitting(self, environment: Environment, **_: Any) -> None:
        """Ctrl-C and SIGTERM come here with the load still on: it is ended properly first."""
        run = self.run
        if run is not None and run.phase is not Phase.OVER:
            self._interrupt(run)
            self.on_test_stop()  # which locust skips where it was about to stop already
        if self.is_worker or environment.process_exit_code is not None:  # somebody else's listener set it
            return
        finished = run.finished if run else None
        environment.process_exit_code = exit_code(
            fault=FAULT in self._failed,
            misuse=USAGE in self._failed,
            interrupted=run is not None and run.interrupted,
            valid=finished.cell.verdict.valid if finished else None,
            answer=run.answer if run else None,
        )
        if environment.process_exit_code is None and _unanswered(run, environment.parsed_options):
            environment.process_exit_code = environment.parsed_options.exit_code_on_error

    def _interrupt(self, run: Run) -> None:
        if run.interrupted or run.phase is Phase.DRAINING:
            self.part.cut()  # the second signal, or one that came while it drained: wait no longer
        else:
            run.interrupted = True
        try:
            self._end_now(run)
        except KeyboardInterrupt:
            self.part.cut()
            self._end_now(run)

    def _end_now(self, run: Run) -> None:
        if self.is_worker:
            # Nobody told the master yet: it is to have all records before this worker is gone.
            self.part.drain(run.settings.drain_seconds)
            self.environment.runner.stop()
        else:
            self.environment.runner.quit()

    def on_quit(self, **_: Any) -> None:
        """The last line of a headless run: may it be believed?"""
        if self._told:
            # A signal's greenlet and the main one: locust ends once in each, and the first is to take the
            # process down, also where it still waits for the --csv.
            for seconds in (ENDING_S, CSV_S):
                with suppress(KeyboardInterrupt):
                    gevent.sleep(seconds)
                    return
            return
        self._told = True
        run, options = self.run, self.environment.parsed_options
        if run is not None and options.csv_prefix and not self.is_worker:
            with suppress(KeyboardInterrupt):
                # Locust writes its --csv so often, not at the end: what drained is to be in it, too.
                time.sleep(CSV_S)
        if run is not None and run.finished is not None and options.headless:
            print(verdict_line(run.finished.cell), file=sys.stderr, flush=True)
        elif not self.is_worker and _unanswered(run, options):
            print(f"error: {UNANSWERED}", file=sys.stderr, flush=True)
