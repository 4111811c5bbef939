"""The master's part: it asks nothing itself. It adds its workers' counts up, ends the warm-up and the run by
them, and writes the records that arrive. `worker` has the messages. No locust.
"""

from __future__ import annotations

import logging
import time
from typing import Any

from loadgen.engine.messages import PREFIX
from loadgen.process.merge import Merge
from loadgen.process.role import MakeDriver
from loadgen.process.run import Run
from loadgen.process.run_spec import Keep

TICK_S = 0.02
MESSAGES_S = 2.0
"""How much longer than its workers' streams the master waits for their last reports."""
log = logging.getLogger(__name__)


class Master:
    """The master's part. ``runner``: locust's MasterRunner."""

    is_worker = False
    driver = None
    name = ""
    """It asks nothing."""

    def __init__(self, runner: Any) -> None:
        self._runner = runner
        self._merge: Merge | None = None
        self._keep: Keep | None = None
        self._limit_ns = 0
        self._strangers: set[str] = set()
        runner.register_message(f"{PREFIX}_report", self.on_report)
        runner.register_message(f"{PREFIX}_refused", self.on_refused)

    def begin(self, run: Run, driver: MakeDriver) -> None:
        """A run starts; its cell, if any, takes the records that arrive."""
        members = set(run.spec.workers)
        expected = max(len(members), run.expect_workers)
        run.merge = Merge(id=run.spec.id, session=run.session, expected=expected, members=members)
        self._merge, self._limit_ns = run.merge, 0
        self._keep = run.cell.append if run.cell else None

    def refuse(self, told: Any, error: str) -> bool:
        return False

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
            merge.session.stopping = merge.session.stopping or self.over(merge)
            if merge.session.window_start_ns is not None:
                for worker in merge.counts.keys() - told:  # one that joins later, too
                    told.add(worker)
                    self._runner.send_message(f"{PREFIX}_warm", {"id": merge.id}, worker)
            time.sleep(TICK_S)
        return True

    def over(self, merge: Merge) -> bool:
        """Have all that are left asked their share of a finite task?"""
        return bool(merge.exhausted) and merge.exhausted >= merge.members.intersection(self.connected())

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

    def abort(self) -> None:
        """Wait no longer for streams in flight: have them aborted, and recorded as such."""
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
