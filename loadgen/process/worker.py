"""What a master and its workers say to each other, by locust's own custom messages. No locust.

    master -> workers   (locust's spawn carries `RunSpec` among the options)
                        warm     the window is open: what is sent from now on counts
                        drain    begin nothing more; finish what is in flight within so many seconds
                        leave    to a worker that asks for a run that is not ours: go
    worker -> master    report   its counts and its new records; the last one has its summary, too
                        refused  it cannot take part, and why

The master asks nothing itself. It adds the counts up, ends the warm-up and the run by them, and writes the
records that arrive. Each message names its run: what an orphan of an earlier master says changes nothing.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from loadgen.engine.driver import Driver
from loadgen.engine.messages import PREFIX
from loadgen.process.merge import Report
from loadgen.process.role import MakeDriver
from loadgen.process.run import Run

REPORT_S = 0.1
"""A worker reports so often if there is anything new; a killed one loses at most what came since."""
MASTER_SILENT_S = 10.0
"""A worker that has not heard its master for so long goes. Locust's own limit is a minute, in which it
would go on asking somebody's service for nobody."""
log = logging.getLogger(__name__)


@dataclass(kw_only=True)
class WorkerState:
    """A worker's state in one run."""

    id: str
    driver: Driver
    last_message_s: float = field(default_factory=time.monotonic)
    lines: list[bytes] = field(default_factory=list)
    records: int = 0
    reported: tuple[int, ...] = ()
    told_to_leave: bool = False
    closed: bool = False
    """The last report is out."""


class Worker:
    """A worker's part. ``runner``: locust's WorkerRunner."""

    is_worker = True

    def __init__(self, runner: Any, events: Any) -> None:
        self._runner = runner
        self._state: WorkerState | None = None
        events.heartbeat_received.add_listener(self.on_heartbeat)
        runner.register_message(f"{PREFIX}_warm", self.on_warm)
        runner.register_message(f"{PREFIX}_leave", self.on_leave)
        # On its own, since it blocks: the worker goes on listening.
        runner.register_message(f"{PREFIX}_drain", self.on_drain, concurrent=True)

    @property
    def driver(self) -> Driver | None:
        return self._state.driver if self._state else None

    @property
    def name(self) -> str:
        return f"w{self._runner.worker_index}"

    def connected(self) -> list[str]:
        return [self._runner.client_id]

    def begin(self, run: Run, driver: MakeDriver) -> None:
        self._state = WorkerState(id=run.spec.id, driver=driver(self.keep if run.settings.results else None))

    def refuse(self, told: Any, error: str) -> bool:
        """Tell the master that this worker cannot take part in the run; ``told``: its spec as it came."""
        self._state = None
        run = told.get("id") if isinstance(told, Mapping) else None
        self._runner.send_message(f"{PREFIX}_refused", {"id": run, "error": error})
        return True

    def end(self) -> None:
        """The run is over. What there was to say was said by ``drain``."""

    def keep(self, line: bytes) -> None:
        """Take a record, to be shipped with the next report."""
        if self._state is not None:
            self._state.lines.append(line)
            self._state.records += 1

    def watch(self) -> bool:
        """Report until the last report. True before it: the master is gone, or wants this worker gone."""
        state = self._state
        while state is not None and state is self._state and not state.closed:
            self._report(state)
            if state.told_to_leave:
                log.warning("The master is another run's: leaving")
                return True
            if time.monotonic() - state.last_message_s > MASTER_SILENT_S:
                log.error("The master was not heard for %g s: leaving", MASTER_SILENT_S)
                return True
            time.sleep(REPORT_S)
        return False

    def drain(self, limit_s: float) -> None:
        """Begin nothing more, finish or abort what is in flight, and report for the last time."""
        state = self._state
        if state is not None and not state.closed:
            state.driver.drain(limit_s)
            state.driver.unwatch()
            self._report(state, last=True)

    def abort(self) -> None:
        if self._state is not None:
            self._state.driver.abort()

    def _report(self, state: WorkerState, *, last: bool = False) -> None:
        session = state.driver.session
        now = (session.ended, session.measured, state.records, state.driver.exhausted)
        if state.closed or (now == state.reported and not last):
            return
        lines, state.lines = state.lines, []
        report: Report = {
            "id": state.id,
            "ended": session.ended,
            "measured": session.measured,
            "clean": session.clean,
            "records": state.records,
            "lines": b"".join(lines),
            "exhausted": state.driver.exhausted,
            # Only now: the lag's percentile sorts all its samples, which would itself be a lag.
            "summary": state.driver.summary() if last else None,
        }
        state.reported, state.closed = now, last
        self._runner.send_message(f"{PREFIX}_report", report)

    def _ours(self, data: Mapping[str, Any]) -> WorkerState | None:
        state = self._state
        return state if state is not None and data["id"] == state.id else None

    def on_heartbeat(self, **_: Any) -> None:
        if self._state is not None:
            self._state.last_message_s = time.monotonic()

    def on_warm(self, msg: Any, **_: Any) -> None:
        if state := self._ours(msg.data):
            state.driver.session.window_start_ns = time.monotonic_ns()

    def on_drain(self, msg: Any, **_: Any) -> None:
        if self._ours(msg.data):
            self.drain(msg.data["seconds"])

    def on_leave(self, msg: Any, **_: Any) -> None:
        if state := self._ours(msg.data):
            state.told_to_leave = True
