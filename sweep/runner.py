"""The sweep's loop: in each repeat start every target afresh, measure all cells in random order, stop."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from records import layout
from records.reader import CellData
from records.request import RecordError
from records.served import AS_IS
from sweep.cell import Workplace, finished, measure, set_aside
from sweep.cpus import Cpus, available, divide, kept_on
from sweep.deployments import Endpoint, Setup, deployment_of
from sweep.directory import write_run
from sweep.knee import Search, Variant
from sweep.llm import LlmServer, named_llm
from sweep.plan import (
    CELL_OVERHEAD_SECONDS,
    MAX_SECONDS,
    MIN_SECONDS,
    TARGET_START_SECONDS,
    CellKey,
    Plan,
    Target,
)
from sweep.processes import Ledger
from sweep.progress import Progress
from sweep.usage import UsageError


@dataclass(kw_only=True)
class Sweep:
    """One run from its plan to its last cell, in a directory that nobody else is at work in."""

    directory: Path
    plan: Plan
    progress: Progress
    started: float = field(default_factory=time.monotonic)
    search: Search = field(init=False)
    cpus: Cpus = field(init=False)
    skipped: list[CellKey] = field(default_factory=list)
    """What there was no time for."""
    left_out: list[CellKey] = field(default_factory=list)
    """What nobody would have got a good answer in."""
    cell_seconds: list[float] = field(default_factory=list)
    start_seconds: float = 0.0
    """How long the last start of all targets took."""

    def __post_init__(self) -> None:
        self.search = Search(plan=self.plan)
        divided = divide(self.plan.cpus, available())
        self.cpus = divided if self.plan.starts_targets else divided.of_a_running_service()

    def run(self) -> None:
        """Measure whatever is missing. Raises UsageError; whatever happens, nothing is left running.

        A run that is cut short is not called so here: `sweep.directory.settled` does that.
        """
        status = "running"
        try:
            ledger = Ledger(self.directory / layout.PROCESSES)
            ledger.end_survivors()
            self._write_run(status)
            with kept_on(self.cpus.load):
                self._measure_all(ledger)
            status = "complete"
        finally:
            self._write_run(status)

    def _write_run(self, status: str) -> None:
        missing = [key.path for key in self.skipped + self.left_out]
        extra = {"budget_ended": bool(self.skipped), "not_measured": missing}
        write_run(self.directory, self.plan, status=status, extra=extra)

    def _measure_all(self, ledger: Ledger) -> None:
        with ExitStack() as stack:
            llm_url = named_llm(self.plan)
            llm = None
            if llm_url is None and self.plan.starts_targets:
                llm = LlmServer(self.directory, ledger)
                stack.callback(llm.stop)
                llm_url = llm.start()
            place = Workplace(run=self.directory, plan=self.plan, ledger=ledger, llm=llm, cpus=self.cpus)
            self.progress.start(len(self.plan.cells()), self.expected_seconds(), self.plan.budget_seconds)
            for repeat in range(1, self.plan.repeats + 1):
                self._repeat(place, repeat, llm_url or "")

    def _repeat(self, place: Workplace, repeat: int, llm_url: str) -> None:
        missing = [key for key in self._read_what_is_there(place, repeat) if self._worth_it(key)]
        onward = self.search.next_cells() if repeat == 1 else []
        if not missing and not onward:
            return
        if self._left() <= self.start_seconds:  # then the targets would be started for nothing
            self.skipped += missing or onward
            return
        with ExitStack() as stack:
            began = time.monotonic()
            wanted = {(key.deployment, key.config) for key in missing + onward}
            endpoints = self._start_targets(stack, place, repeat, llm_url, wanted)
            self.start_seconds = time.monotonic() - began
            for key in self.plan.shuffled(missing):
                if not self._worth_it(key):
                    continue
                if self._left() > 0:
                    self._measure_one(place, key, endpoints)
                else:
                    self.skipped.append(key)
            if repeat == 1:
                self._go_on(place, endpoints)

    def _worth_it(self, key: CellKey) -> bool:
        """Can there be a good answer? If not, the cell is left out."""
        if self.search.pointless(key):
            self.left_out.append(key)
            self.progress.add(-1)
            return False
        return True

    def _read_what_is_there(self, place: Workplace, repeat: int) -> list[CellKey]:
        """Take in the cells of a repeat that a resumed run has already; the known ones that are missing."""
        cells = [key for key in self.plan.cells() if key.repeat == repeat]
        if repeat > 1:
            cells += self.search.added_cells(repeat)
        missing = [key for key in cells if not self._read(place, key)]
        if repeat == 1:
            while any(self._read(place, key, added=True) for key in self.search.next_cells()):
                pass
        return missing

    def _read(self, place: Workplace, key: CellKey, *, added: bool = False) -> bool:
        """Take in a cell if it is finished; was it? One that is damaged counts as not measured."""
        try:
            data = finished(place, key)
        except (RecordError, OSError) as error:
            aside = set_aside(place.folder(key))
            self.progress.note(f"{key.path} counts as not measured and is now {aside.name}: {error}")
            return False
        if data is None:
            return False
        if added:
            self.progress.add(self.plan.repeats)
        self._took(key, data, 0.0)
        return True

    def _start_targets(
        self, stack: ExitStack, place: Workplace, repeat: int, llm_url: str, wanted: Collection[Variant]
    ) -> dict[Variant, Endpoint]:
        endpoints: dict[Variant, Endpoint] = {}
        began = time.monotonic()
        for target in self.plan.targets:
            for config in self.plan.configs:
                if (target.label, config) not in wanted:
                    continue
                setup = Setup(
                    config=config,
                    settings=self.plan.settings,
                    cpus=self.cpus,
                    llm_url=llm_url,
                    log=self.directory / layout.TARGETS / target.label / f"{config}-r{repeat}.log",
                    ledger=place.ledger,
                    say=self.progress.say,
                )
                self._say_start(target, config, repeat)
                deployment = deployment_of(target, setup)
                stack.callback(deployment.stop)
                endpoint = deployment.start()
                _must_be_provable(target, config, endpoint)
                endpoints[target.label, config] = endpoint
        if self.plan.starts_targets:
            self.progress.step(f"all targets are ready, {time.monotonic() - began:.0f} s")
        return endpoints

    def _say_start(self, target: Target, config: str, repeat: int) -> None:
        what = f"starting {config} ({target.label})"
        self.progress.say(what)
        if target.ours:
            self.progress.step(f"{what}, repeat {repeat}")

    def _go_on(self, place: Workplace, endpoints: Mapping[Variant, Endpoint]) -> None:
        """``auto``: a level more in turn for each configuration that still grows, until none does.

        The knee comes before the second repeat: without it the sweep shows only latency, and a second
        repeat of that is no better.
        """
        while keys := self.search.next_cells():
            for key in keys:
                if self._read(place, key, added=True):  # it was measured before one below it was lost
                    continue
                if not self._time_for_cell():
                    self.skipped += self.search.next_cells()
                    return
                self.progress.add(self.plan.repeats)
                self._measure_one(place, key, endpoints)

    def _measure_one(self, place: Workplace, key: CellKey, endpoints: Mapping[Variant, Endpoint]) -> None:
        users = "1 user" if key.concurrency == 1 else f"{key.concurrency} users"
        self.progress.say(f"{key.config} at {users}, repeat {key.repeat}")
        began = time.monotonic()
        data = measure(place, key, endpoints[key.deployment, key.config])
        self._took(key, data, time.monotonic() - began)

    def _took(self, key: CellKey, data: CellData, seconds: float) -> None:
        rps = data.cell.achieved.get("rps") or 0.0  # None: the cell never got to measuring
        answered = not data.requests or any(request.outcome == "ok" for request in data.requests)
        self.search.took(key, rps, answered=answered)
        if seconds:
            self.cell_seconds.append(seconds)
        self.progress.cell(key, data, rps, measured=bool(seconds))
        if not answered:
            level = "" if key.concurrency == min(self.plan.levels) else f" by {key.concurrency} users or more"
            self.progress.note(f"{key.deployment}/{key.config} is asked no more{level}: not one good answer")

    def _left(self) -> float:
        """Seconds of the budget that are left; infinite without one."""
        if self.plan.budget_seconds is None:
            return float("inf")
        return self.plan.budget_seconds - (time.monotonic() - self.started)

    def _time_for_cell(self) -> bool:
        cells = len(self.cell_seconds)
        return self._left() > (sum(self.cell_seconds) / cells if cells else 0)

    def expected_seconds(self) -> float:
        """A first guess, before any cell has been timed."""
        variants = len(self.plan.targets) * len(self.plan.configs)
        cell = (MIN_SECONDS + MAX_SECONDS) / 2 + CELL_OVERHEAD_SECONDS
        return len(self.plan.cells()) * cell + self.plan.repeats * variants * TARGET_START_SECONDS


def _must_be_provable(target: Target, config: str, endpoint: Endpoint) -> None:
    if config != AS_IS and endpoint.served.config is None:
        raise UsageError(
            f"{target.label} has no /config, so {config} can't be proved there; use --config {AS_IS}"
        )
