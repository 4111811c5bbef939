"""A load run inside locust: from locust's events to the run's parts. Imports locust.

One process is alone, a master or a worker for its whole life; each start of the load is a fresh `Run`.
"""

from __future__ import annotations

import logging
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import gevent
from locust import stats
from locust.env import Environment

from loadgen.adapter.exit_code import exit_code
from loadgen.adapter.last_lines import UNANSWERED, last_lines, unanswered
from loadgen.adapter.roles import role_of
from loadgen.adapter.start import begun, load_pids
from loadgen.engine.driver import Driver
from loadgen.engine.options import NO_SEED
from loadgen.engine.settings import OWN_VARIABLES, Scenario, origin_of, settings, task_of
from loadgen.process.merge import Merge
from loadgen.process.redacted_logs import RedactingStream, redact_logs
from loadgen.process.run import Phase, Run
from loadgen.process.verdict_line import verdict_line
from loadgen.shapes.level_log import LevelLog
from records.cells.cell import Cell
from records.cells.request import RequestRecord
from records.evidence import noise
from records.exit_codes import FAULT, USAGE
from records.options.seed import drawn
from workloads.catalogue import workload
from workloads.workload import Workload

DISK_S = 0.2
START_S = 0.02
CSV_S = stats.CSV_STATS_INTERVAL_SEC + 0.2
ENDING_S = 60
log = logging.getLogger(__name__)


class LoadTest:
    """The load of one locust process."""

    def __init__(self, environment: Environment, scenario: Scenario) -> None:
        self.environment = environment
        self.scenario = scenario
        self.run: Run | None = None
        self.runs = 0
        """How many there were before."""
        self.watchers: list[Callable[[RequestRecord], None]] = []
        """Each is shown every request that ends in this process."""
        self.level_log = LevelLog()
        """What a shape notes. Its first tick is before the start, so that the run cannot have it."""
        self.shape_options: Callable[[], dict[str, Any]] = dict
        """Of the load that starts, by name; none without a shape, or of one that names none."""
        self._failed: set[int] = set()
        """Exit codes of what went wrong: FAULT, USAGE."""
        self._told = self._starting = False
        self.role = role_of(environment)
        self._own = {name: getattr(environment.parsed_options, name) for name in OWN_VARIABLES}
        events = environment.events
        events.test_start.add_listener(self.on_test_start)
        events.spawning_complete.add_listener(self.on_spawning_complete)
        events.test_stopping.add_listener(self.on_test_stopping)
        events.test_stop.add_listener(self.on_test_stop)
        events.quitting.add_listener(self.on_quitting)
        events.quit.add_listener(self.on_quit)

    @property
    def is_worker(self) -> bool:
        return self.role.is_worker

    @property
    def driver(self) -> Driver | None:
        """Who asks in this process; None on a master, and while there is no run."""
        return self.role.driver if self.run else None

    # -- what a shape may know and say of it (`shapes.control.LoadControl`) --------------------------

    @property
    def workload(self) -> Workload:
        options = self.environment.parsed_options
        return workload(task_of(self.scenario, options, settings(options)).workload)

    @property
    def interrupted(self) -> bool:
        return self.run is not None and self.run.interrupted

    def stopped_early(self) -> None:
        run = self.run
        if run is None or self.is_worker:
            return
        if run.merge is None or not (run.merge.deserted or run.merge.refused):
            run.interrupt()

    @property
    def levels_held(self) -> tuple[Cell, Path, str] | None:
        run = self.run
        if run is None or run.cell is None or run.finished is None or not run.finished.level_table:
            return None
        return run.finished.cell, run.cell.folder, run.finished.level_table

    # -- the start ---------------------------------------------------------------------------------

    def on_test_start(self, environment: Environment, **_: Any) -> None:
        self._starting = True
        try:
            self._start(environment)
        finally:
            self._starting = False

    def _start(self, environment: Environment) -> None:
        self.run, options = None, environment.parsed_options
        if self.is_worker:  # its own place; all other options are the master's, by now
            for name, value in self._own.items():
                setattr(options, name, value or getattr(options, name))
        elif self.runs or options.drawn_seed == NO_SEED:
            # No cache knows it from an earlier run; locust sends it to the workers.
            options.drawn_seed = drawn()
        try:
            wanted = settings(options)
            redact_logs(wanted.redaction)
            gevent.get_hub().exception_stream = RedactingStream(sys.stderr, wanted.redaction)
            task = task_of(self.scenario, options, wanted)
            self.run = begun(self, wanted, task, origin_of(environment.host, wanted.reach))
        except ValueError as error:  # UsageError
            log.error("%s", error)
            if not self.role.refuse(getattr(options, "chokepoint", None), str(error)):
                self._refuse(USAGE)
            return
        except OSError as error:  # a full disk: there is nowhere to keep the records
            log.error("cannot write %s: %s", error.filename, error.strerror or error)
            self._refuse(FAULT)
            return
        self.runs += 1
        gevent.spawn(self._watch, self.run)
        gevent.spawn(self._watch_disk, self.run)

    def on_spawning_complete(self, **_: Any) -> None:
        if self.run is not None:
            self.run.session.spawned = True

    # -- while it runs -----------------------------------------------------------------------------

    def _watch(self, run: Run) -> None:
        """Stop locust when this process's part says so, unless somebody else did first."""
        if not self.role.watch() or self.run is not run or run.phase is not Phase.RUNNING:
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

    def _have_started(self) -> None:
        """A service that does not answer at /config keeps the start waiting for seconds, and -t may be over
        by then, or Ctrl-C come: what has not begun cannot be ended, and would pass for a good load."""
        while self._starting:
            time.sleep(START_S)

    # -- the end -----------------------------------------------------------------------------------

    def on_test_stopping(self, **_: Any) -> None:
        """May come again while it drains (locust's run time, the last worker's leave): all wait together."""
        self._have_started()
        run = self.run
        if run is None or run.phase is Phase.OVER:
            return
        run.phase = Phase.DRAINING
        self.level_log.stop()
        # A worker's streams were drained when the master said so; what is left now is aborted.
        self.role.drain(0 if self.is_worker else run.settings.drain_seconds)

    def on_test_stop(self, **_: Any) -> None:
        run, level_log = self.run, self.level_log
        self.level_log = LevelLog()
        if run is None or run.phase is Phase.OVER:
            return
        run.phase = Phase.OVER
        merge = run.merge or (Merge.of(self.driver) if self.driver else None)
        self.role.end()
        run.answered = merge is not None and merge.session.ended > 0
        if run.cell is not None and merge is not None:
            options = self.environment.parsed_options
            planned = run.settings.requests or options.run_time or self.environment.shape_class
            planned = planned or run.task.finite
            observed = merge.observed(
                complete=not planned or not (run.interrupted or merge.deserted),
                noise=noise.of_generator(run.machine, noise.read(load_pids())),
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
        self._have_started()
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
        if environment.process_exit_code is None and unanswered(run, environment.parsed_options):
            environment.process_exit_code = environment.parsed_options.exit_code_on_error

    def _interrupt(self, run: Run) -> None:
        if run.phase is Phase.DRAINING or run.interrupt():
            self.role.abort()  # the second signal, or one that came while it drained: wait no longer
        try:
            self._end_now(run)
        except KeyboardInterrupt:
            self.role.abort()
            self._end_now(run)

    def _end_now(self, run: Run) -> None:
        if self.is_worker:
            # Nobody told the master yet: it is to have all records before this worker is gone.
            self.role.drain(run.settings.drain_seconds)
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
        if run is None or not options.headless or self.is_worker:
            return
        terminal = sys.stderr is not None and sys.stderr.isatty()
        if unanswered(run, options) and run.finished is None:
            print(f"error: {UNANSWERED}", file=sys.stderr, flush=True)
        for line in last_lines(run, self.environment.stats, terminal=terminal):
            print(line, file=sys.stderr, flush=True)
