"""What a master and its workers say to each other, by locust's own custom messages. No locust.

    master -> workers   (locust's spawn carries `Orders` among the options)
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
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from loadgen.engine.driver import Driver
from loadgen.engine.usage import UsageError
from loadgen.process.merge import Merge, Report

PREFIX = "chokepoint"
TICK_S = 0.02
REPORT_S = 0.1
"""A worker reports so often if there is anything new; a killed one loses at most what came since."""
MASTER_SILENT_S = 10.0
"""A worker that has not heard its master for so long goes. Locust's own limit is a minute, in which it
would go on asking somebody's service for nobody."""
MESSAGES_S = 2.0
"""How much longer than its workers' streams the master waits for their last reports."""
Keep = Callable[[bytes], None]
"""Takes one or more records, each a line."""
log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Orders:
    """What all processes of one run share."""

    id: str
    """Of this start of the load alone, unlike ``run``: two runs may bear one name."""
    run: str
    cell: str
    users: int
    workers: list[str]
    """Locust's ids of the processes that ask, as they were at the start."""

    @classmethod
    def of(cls, told: Any) -> Orders:
        """``told``: what came with the master's options. Raises UsageError where it is none of ours."""
        try:
            return cls(**told)
        except TypeError as error:
            raise UsageError("the master is no Chokepoint of this version: start both alike") from error

    def place(self, worker: str) -> int:
        """Which share of the questions is this worker's. Locust's own index counts orphans, too."""
        return self.workers.index(worker) if worker in self.workers else 0


class Master:
    """The master's part. ``runner``: locust's MasterRunner."""

    driver = None

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._merge: Merge | None = None
        self._keep: Keep | None = None
        self._limit_ns = 0
        self._strangers: set[str] = set()
        runner.register_message(f"{PREFIX}_report", self.on_report)
        runner.register_message(f"{PREFIX}_refused", self.on_refused)

    def begin(self, merge: Merge, keep: Keep | None) -> None:
        """A run starts; ``keep`` takes the records that arrive, None if nobody wants them."""
        self._merge, self._keep, self._limit_ns = merge, keep, 0

    def connected(self) -> list[str]:
        """The workers that are not missing, in the order they came."""
        missing = {client.id for client in self._runner.clients.missing}
        return [worker for worker in self._runner.clients if worker not in missing]

    def end(self) -> None:
        """The run is over: what arrives from now on is too late, and its worker counts as lost."""
        self._merge = None

    def watch(self) -> bool:
        """End the warm-up by the workers' counts, see that all stay; True when the run is to stop."""
        merge = self._merge
        told: set[str] = set()
        while merge is not None and merge is self._merge and not (merge.session.stopping or merge.refused):
            merge.fewest = min(merge.fewest, self._runner.worker_count)
            merge.decide(time.monotonic_ns())
            if merge.session.window_start_ns is not None:
                for worker in merge.counts.keys() - told:  # one that joins later, too
                    told.add(worker)
                    self._runner.send_message(f"{PREFIX}_warm", {"id": merge.id}, worker)
            time.sleep(TICK_S)
        return True

    def drain(self, limit_s: float) -> None:
        """Have the workers finish, and wait for their last reports."""
        merge = self._merge
        if merge is None:
            return
        if not self._limit_ns:  # the first time: a worker that leaves now is one too early
            merge.fewest = min(merge.fewest, len(self.connected()))
            merge.deserted = not self.connected()
        merge.session.stopping = True
        self._send_drain(merge, limit_s)
        while (merge.members - merge.finished).intersection(self.connected()):
            if time.monotonic_ns() >= self._limit_ns:
                break
            time.sleep(TICK_S)
        merge.count_whole()

    def cut(self) -> None:
        """Wait no longer for streams in flight: have them cut, and recorded as such."""
        if self._merge is not None:
            self._send_drain(self._merge, 0)

    def _send_drain(self, merge: Merge, seconds: float) -> None:
        limit_ns = time.monotonic_ns() + int((seconds + MESSAGES_S) * 1e9)
        self._limit_ns = min(self._limit_ns or limit_ns, limit_ns)
        self._runner.send_message(f"{PREFIX}_drain", {"id": merge.id, "seconds": seconds})

    def on_report(self, msg: Any, **_: Any) -> None:
        worker, report = msg.node_id, msg.data
        if worker not in self._runner.clients:
            if worker not in self._strangers:
                log.warning("Worker %s is left over from another run; it is told to leave", worker)
            self._strangers.add(worker)
            self._runner.send_message(f"{PREFIX}_leave", {"id": report["id"]}, worker)
        elif self._merge is not None and report["id"] == self._merge.id:
            if self._keep is not None and report["lines"]:
                self._keep(report["lines"])
            self._merge.take(worker, report)

    def on_refused(self, msg: Any, **_: Any) -> None:
        if self._merge is not None and msg.data["id"] == self._merge.id:
            log.error("Worker %s cannot take part: %s", msg.node_id, msg.data["error"])
            self._merge.refused[msg.node_id] = msg.data["error"]


@dataclass(kw_only=True)
class Share:
    """A worker's share of one run."""

    id: str
    driver: Driver
    heard_s: float = field(default_factory=time.monotonic)
    lines: list[bytes] = field(default_factory=list)
    records: int = 0
    reported: tuple[int, ...] = ()
    told_to_leave: bool = False
    closed: bool = False
    """The last report is out."""


class Worker:
    """A worker's part. ``runner``: locust's WorkerRunner."""

    def __init__(self, runner: Any, events: Any) -> None:
        self._runner = runner
        self._share: Share | None = None
        events.heartbeat_received.add_listener(self.on_heartbeat)
        runner.register_message(f"{PREFIX}_warm", self.on_warm)
        runner.register_message(f"{PREFIX}_leave", self.on_leave)
        # On its own, since it blocks: the worker goes on listening.
        runner.register_message(f"{PREFIX}_drain", self.on_drain, concurrent=True)

    @property
    def driver(self) -> Driver | None:
        return self._share.driver if self._share else None

    def begin(self, orders: Orders, driver: Driver) -> None:
        self._share = Share(id=orders.id, driver=driver)

    def refuse(self, told: Any, error: str) -> None:
        """Tell the master that this worker cannot take part in the run; ``told``: its orders as they came."""
        self._share = None
        run = told.get("id") if isinstance(told, Mapping) else None
        self._runner.send_message(f"{PREFIX}_refused", {"id": run, "error": error})

    def end(self) -> None:
        """The run is over. What there was to say was said by ``drain``."""

    def keep(self, line: bytes) -> None:
        """Take a record, to be shipped with the next report."""
        if self._share is not None:
            self._share.lines.append(line)
            self._share.records += 1

    def watch(self) -> bool:
        """Report until the last report. True before it: the master is gone, or wants this worker gone."""
        share = self._share
        while share is not None and share is self._share and not share.closed:
            self._report(share)
            if share.told_to_leave:
                log.warning("The master is another run's: leaving")
                return True
            if time.monotonic() - share.heard_s > MASTER_SILENT_S:
                log.error("The master was not heard for %g s: leaving", MASTER_SILENT_S)
                return True
            time.sleep(REPORT_S)
        return False

    def drain(self, limit_s: float) -> None:
        """Begin nothing more, finish or cut what is in flight, and report for the last time."""
        share = self._share
        if share is not None and not share.closed:
            share.driver.drain(limit_s)
            share.driver.unwatch()
            self._report(share, last=True)

    def cut(self) -> None:
        if self._share is not None:
            self._share.driver.cut()

    def _report(self, share: Share, *, last: bool = False) -> None:
        session = share.driver.session
        now = (session.ended, session.measured, share.records)
        if share.closed or (now == share.reported and not last):
            return
        lines, share.lines = share.lines, []
        report: Report = {
            "id": share.id,
            "ended": session.ended,
            "measured": session.measured,
            "clean": session.clean,
            "records": share.records,
            "lines": b"".join(lines),
            # Only now: the lag's percentile sorts all its samples, which would itself be a lag.
            "summary": share.driver.summary() if last else None,
        }
        share.reported, share.closed = now, last
        self._runner.send_message(f"{PREFIX}_report", report)

    def _ours(self, data: Mapping[str, Any]) -> Share | None:
        share = self._share
        return share if share is not None and data["id"] == share.id else None

    def on_heartbeat(self, **_: Any) -> None:
        if self._share is not None:
            self._share.heard_s = time.monotonic()

    def on_warm(self, msg: Any, **_: Any) -> None:
        if share := self._ours(msg.data):
            share.driver.session.window_start_ns = time.monotonic_ns()

    def on_drain(self, msg: Any, **_: Any) -> None:
        if self._ours(msg.data):
            self.drain(msg.data["seconds"])

    def on_leave(self, msg: Any, **_: Any) -> None:
        if share := self._ours(msg.data):
            share.told_to_leave = True
