"""The sweep's loop: in each repeat start every target afresh, measure all cells in random order, stop."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from records.cell import SCHEMA_VERSION
from records.checks import ended_inside
from records.files import read_json, write_json
from records.reader import CellData, is_complete, read_cell
from records.request import RecordError
from sweep.cell import Workplace, measure
from sweep.deployments import Deployment, Endpoint, LocalDeployment, UrlDeployment
from sweep.host import describe_host, describe_software
from sweep.llm import LlmServer, llm_from_environment
from sweep.plan import (
    AS_IS,
    CELL_OVERHEAD_SECONDS,
    MAX_SECONDS,
    TARGET_START_SECONDS,
    CellKey,
    Plan,
    Target,
    UsageError,
    next_level,
)
from sweep.processes import Ledger
from sweep.progress import Progress

Place = tuple[str, str]  # (deployment, configuration)


def create(directory: Path, plan: Plan) -> None:
    """Make the run's directory and its run.json before anything starts. Raises UsageError."""
    try:
        directory.mkdir(parents=True)
    except OSError as error:
        raise UsageError(f"cannot make {directory}: {error.strerror}") from error
    _write_run(directory, plan, status="running", extra={"host": describe_host(), **describe_software()})


def load(directory: Path) -> Plan:
    """The plan of a run that is to be resumed. Raises UsageError."""
    try:
        meta = read_json(directory / "run.json")
        if meta["schema_version"] != SCHEMA_VERSION:
            raise UsageError(f"{directory} has schema version {meta['schema_version']}, not {SCHEMA_VERSION}")
        return Plan.from_json(meta["plan"])
    except (RecordError, KeyError, TypeError, OSError) as error:
        raise UsageError(f"--resume {directory}: not a run: {error}") from error


def _write_run(directory: Path, plan: Plan, *, status: str, extra: Mapping[str, Any]) -> None:
    path = directory / "run.json"
    before = read_json(path) if path.exists() else {}
    facts = {"schema_version": SCHEMA_VERSION, "plan": plan.to_json(), "status": status}
    write_json(path, {**before, **facts, **extra})


@contextmanager
def _alone(directory: Path) -> Iterator[None]:
    """Hold the run's lock: two sweeps in one directory would mix their records."""
    with (directory / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise UsageError(f"another sweep is at work in {directory}") from error
        yield


@dataclass(kw_only=True)
class Sweep:
    """One run from its plan to its last cell. ``rps`` is what ``auto`` decides by."""

    directory: Path
    plan: Plan
    progress: Progress
    started: float = field(default_factory=time.monotonic)
    rps: dict[Place, dict[int, float]] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    cell_seconds: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Measure whatever is missing. Raises UsageError; whatever happens, nothing is left running."""
        status = "failed"
        with _alone(self.directory):
            try:
                Ledger(self.directory / "processes.jsonl").end_survivors()
                _write_run(self.directory, self.plan, status="running", extra={})
                self._measure_all()
                status = "complete"
            except KeyboardInterrupt:
                status = "interrupted"
                raise
            finally:
                extra = {"budget_ended": bool(self.skipped), "not_measured": self.skipped}
                _write_run(self.directory, self.plan, status=status, extra=extra)

    def _measure_all(self) -> None:
        ledger = Ledger(self.directory / "processes.jsonl")
        with ExitStack() as stack:
            llm_url = llm_from_environment(self.plan.settings)
            llm = None
            if llm_url is None and any(target.url is None for target in self.plan.targets):
                llm = LlmServer(self.directory, ledger)
                stack.callback(llm.stop)
                llm_url = llm.start()
            place = Workplace(run=self.directory, plan=self.plan, ledger=ledger, llm=llm)
            self.progress.start(len(self.plan.cells()), self.expected_seconds())
            for repeat in range(1, self.plan.repeats + 1):
                self._repeat(place, repeat, llm_url or "")

    def _repeat(self, place: Workplace, repeat: int, llm_url: str) -> None:
        cells = self._cells_of(repeat)
        missing = [key for key in cells if not self._done(place.folder(key))]
        for key in cells:
            if key not in missing:
                self._took(key, read_cell(place.folder(key)), 0.0)
        if not missing and not (repeat == 1 and self._may_go_on(place)):
            return
        with ExitStack() as stack:
            endpoints = self._start_targets(stack, place, repeat, llm_url)
            for key in self.plan.shuffled(missing, repeat):
                self._measure_one(place, key, endpoints)
            if repeat == 1:
                self._go_on(place, endpoints)

    def _done(self, folder: Path) -> bool:
        try:
            return is_complete(self.directory, folder)
        except RecordError:  # it was never begun, or its file is broken: it is measured again
            return False

    def _may_go_on(self, place: Workplace) -> bool:
        """Is there a level that auto would still measure? One that is already there is only read."""
        for (label, config), by_level in self.rps.items():
            while (level := next_level(self.plan, by_level)) is not None:
                key = CellKey(deployment=label, config=config, concurrency=level, repeat=1)
                if not self._done(place.folder(key)):
                    return True
                self._took(key, read_cell(place.folder(key)), 0.0)
        return False

    def _cells_of(self, repeat: int) -> list[CellKey]:
        cells = [key for key in self.plan.cells() if key.repeat == repeat]
        if repeat > 1:  # the levels that auto went on to in the first repeat
            cells += [
                CellKey(deployment=label, config=config, concurrency=level, repeat=repeat)
                for (label, config), by_level in self.rps.items()
                for level in by_level
                if level not in self.plan.levels
            ]
        return cells

    def _start_targets(
        self, stack: ExitStack, place: Workplace, repeat: int, llm_url: str
    ) -> dict[Place, Endpoint]:
        endpoints = {}
        for target in self.plan.targets:
            for config in self.plan.configs:
                log = self.directory / "targets" / target.label / f"{config}-r{repeat}.log"
                deployment = self._deployment(target, config, log, place.ledger, llm_url)
                stack.callback(deployment.stop)
                self.progress.say(f"starting {config} ({target.label})")
                endpoint = deployment.start()
                self._must_be_provable(target, config, endpoint)
                endpoints[target.label, config] = endpoint
        return endpoints

    def _deployment(self, target: Target, config: str, log: Path, ledger: Ledger, llm_url: str) -> Deployment:
        if target.url is not None:
            return UrlDeployment(target)
        return LocalDeployment(
            config=config,
            settings=self.plan.settings,
            llm_url=llm_url,
            log=log,
            ledger=ledger,
            say=self.progress.say,
        )

    def _must_be_provable(self, target: Target, config: str, endpoint: Endpoint) -> None:
        if config != AS_IS and target.url and endpoint.served is None:
            raise UsageError(
                f"{target.label} has no /config, so {config} can't be proved there; use --config {AS_IS}"
            )

    def _go_on(self, place: Workplace, endpoints: Mapping[Place, Endpoint]) -> None:
        """``auto``: go on to higher levels until each configuration's throughput stops growing."""
        waiting = sorted(endpoints)
        while waiting:
            for where in list(waiting):
                level = next_level(self.plan, self.rps.get(where, {}))
                if level is None:
                    waiting.remove(where)
                    continue
                key = CellKey(deployment=where[0], config=where[1], concurrency=level, repeat=1)
                if self._done(place.folder(key)):
                    self._took(key, read_cell(place.folder(key)), 0.0)
                elif self._time_for_level():
                    self.progress.add(self.plan.repeats)
                    self._measure_one(place, key, endpoints)
                else:
                    self.skipped.append(key.path)
                    waiting.remove(where)

    def _measure_one(self, place: Workplace, key: CellKey, endpoints: Mapping[Place, Endpoint]) -> None:
        if self._left() <= 0:
            self.skipped.append(key.path)
            return
        self.progress.say(f"{key.config} at {key.concurrency} users, repeat {key.repeat}")
        began = time.monotonic()
        data = measure(place, key, endpoints[key.deployment, key.config])
        self._took(key, data, time.monotonic() - began)

    def _took(self, key: CellKey, data: CellData, seconds: float) -> None:
        window = data.cell.window
        rps = (
            len(ended_inside(data.requests, window)) / window.seconds
            if window and window.seconds > 0
            else 0.0
        )
        if key.repeat == 1:
            self.rps.setdefault((key.deployment, key.config), {})[key.concurrency] = rps
        if seconds:
            self.cell_seconds.append(seconds)
        self.progress.cell(key, data, rps, measured=bool(seconds))

    def _left(self) -> float:
        """Seconds of the budget that are left; infinite without one."""
        if self.plan.budget_seconds is None:
            return float("inf")
        return self.plan.budget_seconds - (time.monotonic() - self.started)

    def _time_for_level(self) -> bool:
        """Is there time for one more level? The knee comes before the second repeat: without it the
        sweep shows only latency, and a second repeat of that is no better."""
        cells = len(self.cell_seconds)
        return self._left() > (sum(self.cell_seconds) / cells if cells else 0)

    def expected_seconds(self) -> float:
        """A first guess, before any cell has been timed."""
        places = len(self.plan.targets) * len(self.plan.configs)
        cell = (3.0 + MAX_SECONDS) / 2 + CELL_OVERHEAD_SECONDS
        return len(self.plan.cells()) * cell + self.plan.repeats * places * TARGET_START_SECONDS


def resolved(plan: Plan) -> Plan:
    """The plan with its configurations named: of a running service, what ``/config`` says it runs."""
    if plan.configs:
        return plan
    if all(target.url is None for target in plan.targets):
        return replace(plan, configs=("baseline", "mock-embeddings", "mock-llm", "mock-both"))
    return replace(plan, configs=(AS_IS,))
