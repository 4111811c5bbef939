"""A load run inside locust: alone, as master, or as worker. Imported by `loadgen.user` only.

Alone, one process sees everything. As master it sends no requests: it adds up what the workers say,
ends their warm-up, tells them when to stop, waits until their streams have drained (a headless locust
drops them otherwise) and writes the records that they ship with locust's own report messages.
"""

from __future__ import annotations

import logging
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import gevent
from locust.env import Environment
from locust.runners import MasterRunner, WorkerRunner

from loadgen import options as opt
from loadgen import rows, target
from loadgen.cellfile import CellFile, Observed, asked
from loadgen.driver import Driver, Place
from loadgen.exchange import Exchange
from loadgen.http import Origin
from loadgen.merge import Merge
from loadgen.session import Plan, Session
from records.request import RequestRecord

PREFIX = "chokepoint"
TICK_S = 0.02
PROGRESS_S = 0.1
log = logging.getLogger(__name__)


class RequestFailed(Exception):
    """How a failed request shows in locust's own tables."""


class LoadRun:
    """Everything of one locust process; each test start begins afresh."""

    def __init__(self, environment: Environment) -> None:
        self.environment = environment
        self.driver: Driver | None = None
        self.cell: CellFile | None = None
        self.merge: Merge | None = None
        self.settings: opt.Settings | None = None
        self.valid: bool | None = None
        self.interrupted = False
        self.running = False
        self.spawned = False
        self._served = target.Served()
        self._lines: list[bytes] = []
        self._runs = 0
        self._started_ns = 0
        runner, events = environment.runner, environment.events
        self.is_worker = isinstance(runner, WorkerRunner)
        self.is_master = isinstance(runner, MasterRunner)
        events.test_start.add_listener(self.on_test_start)
        events.spawning_complete.add_listener(self.on_spawning_complete)
        events.test_stopping.add_listener(self.on_test_stopping)
        events.test_stop.add_listener(self.on_test_stop)
        events.quitting.add_listener(self.on_quitting)
        if self.is_worker:
            events.report_to_master.add_listener(self.on_report_to_master)
            runner.register_message(f"{PREFIX}_warm", self.on_warm)
            runner.register_message(f"{PREFIX}_drain", self.on_drain, concurrent=True)
        if self.is_master:
            events.worker_report.add_listener(self.on_worker_report)
            for name in ("progress", "drained"):
                runner.register_message(f"{PREFIX}_{name}", getattr(self, f"on_{name}"))

    # -- the start ---------------------------------------------------------------------------------

    def on_test_start(self, environment: Environment, **_: Any) -> None:
        options = environment.parsed_options
        self.driver = self.merge = self.cell = None
        self.valid, self.spawned, self._lines = None, False, []
        try:
            wanted = self.settings = opt.settings(options)
            origin = opt.origin(environment.host)
            self._start(wanted, origin)
        except (opt.UsageError, ValueError) as error:
            log.error("%s", error)
            self.settings = None
            return
        self.running = True
        self._runs += 1

    def _start(self, wanted: opt.Settings, origin: Origin) -> None:
        options, runner = self.environment.parsed_options, self.environment.runner
        users = runner.target_user_count or options.num_users or 1
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        if not self.is_worker:
            options.chokepoint_run = f"{stamp}-{time.monotonic_ns() % 10**6}"
            options.chokepoint_workers = runner.worker_count
            options.chokepoint_users = users
            self._served = target.served(origin, wanted.headers)
            log.info("The service's configuration is %s", self._served.config or "not told (as-is)")
        self._run_id = options.chokepoint_run
        self._started_ns = time.time_ns()
        plan = Plan(
            users=options.chokepoint_users,
            warmup_requests=wanted.warmup_requests,
            requests=wanted.requests,
            min_seconds=wanted.min_seconds,
        )
        cell_name = wanted.cell_name
        if wanted.results and not self.is_worker:
            self.cell = self._open_cell(wanted, plan)
            cell_name = cell_name or self.cell.cell.name
        session = Session(plan=plan, decides=not self.is_worker)
        if self.is_master:
            self.merge = Merge(session=session, expected=runner.worker_count)
            gevent.spawn(self._watch_workers, self.merge)
            return
        index = runner.worker_index if self.is_worker else 0
        self.driver = Driver(
            origin=origin,
            settings=wanted,
            place=Place(
                run=wanted.run_name or self._run_id,
                cell=cell_name or "cell",
                worker=f"w{index}" if self.is_worker else "local",
                worker_index=index,
                workers=options.chokepoint_workers,
            ),
            session=session,
            users=-(-plan.users // max(1, options.chokepoint_workers)),
            on_end=self._ended,
        )
        gevent.spawn(self.driver.lag.run)
        gevent.spawn(self._report_progress if self.is_worker else self._watch_session, self.driver)

    def _open_cell(self, wanted: opt.Settings, plan: Plan) -> CellFile:
        folder = Path(wanted.results)
        if self._runs:  # started again from the web UI: nothing is overwritten
            number = self._runs + 1
            while (folder := Path(f"{wanted.results}-{number}")).exists():
                number += 1
        opt.make_results(folder)
        log.info("Records go to %s", folder)
        options = self.environment.parsed_options
        host = self.environment.host or ""
        return CellFile(
            folder,
            asked(wanted, plan, self._served, host=host, run_time_s=options.run_time),
            think=wanted.think_time_s > 0,
            documents=wanted.dialect.expects_documents,
        )

    def on_spawning_complete(self, **_: Any) -> None:
        self.spawned = True
        if self.driver is not None:
            self.driver.session.spawned = True
        if self.merge is not None:
            self.merge.session.spawned = True

    # -- while it runs -----------------------------------------------------------------------------

    def _ended(self, record: RequestRecord, exchange: Exchange) -> None:
        """A request is over: into the records, and into locust's table."""
        if self.cell is not None:
            self.cell.append(record.encode())
        elif self.is_worker and self.settings and self.settings.results:
            self._lines.append(record.encode())
        if record.outcome == "cut" or self.driver is None:
            return  # neither good nor failed: locust's table has no row for it
        path = self.driver.settings.dialect.path
        rows.log(self.environment.stats, path, exchange)
        self.environment.events.request.fire(
            request_type="POST",
            name=path,
            response_time=record.e2e_ms,
            response_length=record.bytes,
            exception=None if record.outcome == "ok" else RequestFailed(f"{record.outcome}: {record.error}"),
            context={},
        )

    def _watch_session(self, driver: Driver) -> None:
        """Alone: stop locust once the requests asked for have ended."""
        while self.driver is driver and self.running and not driver.session.stopping:
            time.sleep(TICK_S)
        if self.driver is driver and self.running and not driver.draining:
            self._stop_locust()

    def _watch_workers(self, merge: Merge) -> None:
        """Master: end the warm-up and the run by the workers' counts, and see that all stay."""
        runner = self.environment.runner
        told = False
        while self.merge is merge and self.running_or_starting and not merge.session.stopping:
            merge.fewest = min(merge.fewest, runner.worker_count)
            merge.decide(time.monotonic_ns())
            if not told and merge.session.window_start_ns is not None:
                told = True
                runner.send_message(f"{PREFIX}_warm", {"run": self._run_id})
            if merge.session.stopping:
                self._stop_locust()
                return
            time.sleep(TICK_S)

    @property
    def running_or_starting(self) -> bool:
        return self.settings is not None and self.valid is None

    def _stop_locust(self) -> None:
        if self.environment.parsed_options.headless:
            self.environment.runner.quit()
        else:
            self.environment.runner.stop()

    # -- worker and master talk ----------------------------------------------------------------------

    def _report_progress(self, driver: Driver) -> None:
        sent = None
        while self.driver is driver and self.running_or_starting:
            session = driver.session
            counts = {"ended": session.ended, "measured": session.measured}
            if counts != sent:
                self.environment.runner.send_message(f"{PREFIX}_progress", {"run": self._run_id} | counts)
                sent = counts
            time.sleep(PROGRESS_S)

    def _payload(self) -> dict[str, Any]:
        lines, self._lines = b"".join(self._lines), []
        summary = self.driver.summary() if self.driver else {}
        return {"run": getattr(self, "_run_id", ""), "lines": lines, "summary": summary}

    def on_report_to_master(self, data: dict[str, Any], **_: Any) -> None:
        if self._lines:
            data[PREFIX] = self._payload()

    def on_worker_report(self, client_id: str, data: dict[str, Any], **_: Any) -> None:
        self._take(client_id, data.get(PREFIX))

    def _take(self, client_id: str, payload: dict[str, Any] | None) -> bool:
        """A worker's records; those of an orphan of another run are left out."""
        if not payload or self.merge is None or payload["run"] != self._run_id:
            return False
        if self.cell is not None and payload["lines"]:
            self.cell.append(payload["lines"])
        self.merge.summaries[client_id] = payload["summary"]
        return True

    def on_progress(self, msg: Any, **_: Any) -> None:
        if self.merge is not None and msg.data["run"] == self._run_id:
            self.merge.counts[msg.node_id] = (msg.data["ended"], msg.data["measured"])

    def on_drained(self, msg: Any, **_: Any) -> None:
        if self._take(msg.node_id, msg.data) and self.merge is not None:
            self.merge.drained.add(msg.node_id)

    def on_warm(self, msg: Any, **_: Any) -> None:
        if self.driver is not None and msg.data["run"] == self._run_id:
            self.driver.session.window_start_ns = time.monotonic_ns()

    def on_drain(self, **_: Any) -> None:
        self._drain_driver()

    # -- the end -----------------------------------------------------------------------------------

    def _drain_driver(self) -> None:
        driver = self.driver
        if driver is None or self.settings is None:
            return
        if driver.lag.stopped:
            driver.cut()
            return
        again = driver.draining
        driver.drain(0 if again else self.settings.drain_seconds)
        if again or driver.lag.stopped:
            return
        driver.lag.stopped = True
        if self.is_worker:
            self.environment.runner.send_message(f"{PREFIX}_drained", self._payload())

    def on_test_stopping(self, **_: Any) -> None:
        merge = self.merge
        if merge is None or self.settings is None:
            self._drain_driver()
            return
        merge.session.stopping = True
        runner = self.environment.runner
        runner.send_message(f"{PREFIX}_drain", {"run": self._run_id})
        # Two seconds more than the workers have, for their messages.
        limit_ns = time.monotonic_ns() + int((self.settings.drain_seconds + 2) * 1e9)
        while set(runner.clients) - merge.drained and time.monotonic_ns() < limit_ns:
            merge.fewest = min(merge.fewest, len(merge.drained | set(runner.clients)))
            time.sleep(TICK_S)
        merge.fewest = min(merge.fewest, len(merge.drained))

    def on_test_stop(self, **_: Any) -> None:
        was_running, self.running = self.running, False
        if not was_running or self.is_worker or self.settings is None:
            return
        self.valid = True
        if self.cell is None:
            return
        summaries = Merge.of(self.driver) if self.driver else self.merge
        assert summaries is not None
        planned = self.settings.requests or self.environment.parsed_options.run_time
        observed: Observed = summaries.observed(
            started_at_ns=self._started_ns,
            ended_at_ns=time.time_ns(),
            complete=not (planned and self.interrupted),
        )
        cell = self.cell.finish(self._served, observed)
        self.valid = cell.verdict.valid
        for check in cell.verdict.failures:
            print(f"invalid: {check.name}: {check.text}", file=sys.stderr)

    def on_quitting(self, environment: Environment, **_: Any) -> None:
        """Ctrl-C and SIGTERM come here with the test still running: end it properly first."""
        if self.running:
            self.interrupted = True
            if self.is_worker:
                self._drain_driver()
                environment.runner.stop()
            else:
                environment.runner.quit()
        if self.settings and self.settings.results and not self.is_worker:
            if self.interrupted:
                environment.process_exit_code = 130
            elif self.valid is not None:
                environment.process_exit_code = 0 if self.valid else 3
