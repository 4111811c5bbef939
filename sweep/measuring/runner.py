"""The sweep's loop: each repeat starts its targets afresh, measures cells; those that are spoiled, again."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

from records.cells import layout
from records.cells.folders import cell_directories
from records.errors import RecordError
from sweep.beside.ended import gone
from sweep.beside.llm import LlmServer, named_llm
from sweep.beside.reaching import headers_of_plan
from sweep.choosing.again import MOST_TIMES, times, wanted_seconds
from sweep.choosing.budget import Budget
from sweep.choosing.search import Search
from sweep.deployments.protocol import Endpoint
from sweep.measuring.cell import finished, measure
from sweep.measuring.course import Course
from sweep.measuring.directory import write_run
from sweep.measuring.limited import limits_by_deployment
from sweep.measuring.parts import set_aside
from sweep.measuring.progress import Progress
from sweep.measuring.targets import KILLED_AS_IT_STARTED, blank_left, start_targets
from sweep.measuring.unanswered import Unanswered
from sweep.measuring.workplace import Workplace
from sweep.planning.cell_key import CellKey, Service
from sweep.planning.division import placed
from sweep.planning.plan import Plan
from sweep.running.cpus import Cpus, available, kept_on, may_be_realtime
from sweep.running.errors import NotUp, OutOfTime
from sweep.running.ledger import Ledger
from sweep.running.redaction import sending
from sweep.running.spans import SpanReceiver


@dataclass(frozen=True, kw_only=True)
class Bench:
    """Where cells of one repeat are measured: its targets run."""

    place: Workplace
    endpoints: Mapping[Service, Endpoint]
    repeat: int


@dataclass(kw_only=True)
class Sweep:
    """One run from its plan to its last cell, in a directory that nobody else is at work in."""

    directory: Path
    plan: Plan
    progress: Progress
    started: float = field(default_factory=time.monotonic)
    search: Search = field(init=False)
    course: Course = field(init=False)
    cpus: Cpus = field(init=False)
    budget: Budget = field(init=False)
    unanswered: Unanswered = field(default_factory=Unanswered)
    start_seconds: float = 0.0
    """How long the last start of all targets took."""

    def __post_init__(self) -> None:
        self.search = Search(plan=self.plan)
        self.course = Course(self.directory, self.plan, self.progress, self.search)
        self.budget = Budget(seconds=self.plan.budget_seconds, began=self.started)
        self.cpus = placed(self.plan, available(), may_be_realtime)

    def run(self) -> None:
        """Measure whatever is missing. Raises UsageError; whatever happens, nothing is left running.

        One that is cut short is not called so here: `sweep.measuring.directory.settled` does that.
        """
        try:
            ledger = Ledger(self.directory / layout.PROCESSES)
            ledger.end_survivors()
            self._write_run("running")
            with kept_on(self.cpus.load), sending(headers_of_plan(self.plan, os.environ)):
                blank_left(self.directory)
                self._measure_all(ledger)
        except BaseException:
            with suppress(OSError, RecordError):  # what ended it says more than that this failed, too
                self._write_run("running")
            raise
        self._write_run("complete")

    def _write_run(self, status: str) -> None:
        extra = {**self.course.kept(), **limits_by_deployment(self.plan)}
        write_run(self.directory, self.plan, status=status, extra=extra)

    def _measure_all(self, ledger: Ledger) -> None:
        with ExitStack() as stack:
            llm_url = named_llm(self.plan)
            llm = None
            if llm_url is None and self.plan.needs_llm:
                first = self.cpus.realtime or self.cpus.links_realtime
                llm = LlmServer(self.directory, ledger, realtime=first)
                stack.callback(llm.stop)
                llm_url = llm.start()
            spans = None
            if self.plan.otlp:
                spans = SpanReceiver(self.directory, ledger)
                stack.callback(spans.stop)
                spans.start()
            place = Workplace(
                run=self.directory, plan=self.plan, ledger=ledger, llm=llm, cpus=self.cpus, spans=spans
            )
            cells = self.search.expected_cells()  # the seconds are a guess, before any was timed
            self.progress.start(cells, self.plan.seconds_of(cells), self.plan.budget_seconds)
            for repeat in range(1, self.plan.repeats + 1):
                self._repeat(place, repeat, llm_url or "")

    def _repeat(self, place: Workplace, repeat: int, llm_url: str) -> None:
        self.search.gone.clear()
        missing = [key for key in self._read_what_is_there(place, repeat) if self.course.worth_it(key)]
        onward = self.search.next_cells() if repeat == 1 else []
        wanted = missing + onward + self.course.spoiled_in(repeat)
        if not wanted:
            return
        # Then they would start for nothing.
        if self.course.machine.spoils_all or self.budget.left(time.monotonic()) <= self.start_seconds:
            self.course.skipped += missing or onward
            return
        with ExitStack() as stack:
            began = time.monotonic()
            services = {key.service for key in wanted}
            try:
                endpoints = start_targets(
                    stack, place, services, repeat=repeat, llm_url=llm_url, progress=self.progress,
                    budget_ends=self.budget.ends,
                )  # fmt: skip
            except OutOfTime as error:
                if not any(cell_directories(self.directory)):
                    raise OutOfTime(
                        f"{error}; give it more time by --budget (none: as long as it takes)"
                    ) from error
                self.progress.note(str(error))
                self.course.skipped += missing or onward
                return
            self.start_seconds = time.monotonic() - began
            self.search.gone.update(dict.fromkeys(services - endpoints.keys(), KILLED_AS_IT_STARTED))
            at = Bench(place=place, endpoints=endpoints, repeat=repeat)
            for sparing in (True, False):  # what is kept for measuring again goes to the rest in the end
                self._measure_waiting(at, missing, sparing=sparing)
                self._measure_again(at)
                if repeat == 1:
                    self._go_on(at, sparing=sparing)
        self.course.skipped += missing + (self.search.next_cells() if repeat == 1 else [])

    def _measure_waiting(self, at: Bench, waiting: list[CellKey], *, sparing: bool) -> None:
        """Measure cells and take them from the list, until it is empty or there is no time."""
        while batch := self.search.foremost(waiting):
            for key in batch:
                if self.course.worth_it(key):
                    if not self._goes_on(sparing=sparing):
                        return
                    self._measure_one(at, key)
                waiting.remove(key)
            if self.plan.auto:  # the next batch is chosen by what came of this one
                self._measure_again(at)

    def _go_on(self, at: Bench, *, sparing: bool) -> None:
        """``auto``: a level more in turn for each series until its knee is found.

        The knee comes before the second repeat: without it the sweep shows only latency, and a second
        repeat of that is no better.
        """
        while keys := self.search.next_cells():
            for key in keys:
                if self._read(at.place, key):  # it was measured before one below it was lost
                    continue
                if not self._goes_on(sparing=sparing):
                    return
                self._measure_one(at, key)
            self._measure_again(at)

    def _measure_again(self, at: Bench) -> None:
        """What failed in this repeat and may be measured again, if there is time, while its targets run."""
        while cells := [key for key in self.course.spoiled_in(at.repeat) if self._worth_another_try(at, key)]:
            for key in self.plan.shuffled(cells):
                if not self._worth_another_try(at, key):  # others took the time; a shorter one may still go
                    continue
                folder = at.place.folder(key)
                why, number = self.course.spoiled.pop(key), times(folder) + 1
                self.progress.again(key, number, MOST_TIMES, why, seconds=wanted_seconds(folder, self.plan))
                set_aside(folder, layout.TRY)
                self._measure_one(at, key, again=True)

    def _worth_another_try(self, at: Bench, key: CellKey) -> bool:
        least = wanted_seconds(at.place.folder(key), self.plan) or 0
        return self._goes_on(sparing=False, least=least) and not self.search.pointless(key)

    def _goes_on(self, *, sparing: bool, least: float = 0.0) -> bool:
        """Is there time for one more cell, as `Budget.time_for_cell` says, and hope?"""
        in_time = self.budget.time_for_cell(time.monotonic(), sparing=sparing, least=least)
        return in_time and not self.course.machine.spoils_all

    def _read_what_is_there(self, place: Workplace, repeat: int) -> list[CellKey]:
        """Take in the cells of a repeat that a resumed run has already; the known ones that are missing."""
        missing = [key for key in self.search.cells(repeat) if not self._read(place, key)]
        if repeat == 1:
            while any(self._read(place, key) for key in self.search.next_cells()):
                pass
        return missing

    def _read(self, place: Workplace, key: CellKey) -> bool:
        """Take in a cell if it is finished; was it? One that is damaged counts as not measured."""
        try:
            data = finished(place, key)
        except (RecordError, OSError) as error:
            aside = set_aside(place.folder(key))
            self.progress.note(f"{key.path} counts as not measured and is now {aside.name}: {error}")
            return False
        if data is None:
            return False
        self.course.learn(key, data)
        self.progress.present(self.search.expected_cells())
        self.course.report_if_unanswered(key)
        return True

    def _measure_one(self, at: Bench, key: CellKey, *, again: bool = False) -> None:
        self.progress.report(f"{key.config} at {key.point.named}, repeat {key.repeat}")
        began, endpoint = time.monotonic(), at.endpoints[key.service]
        try:
            data = measure(at.place, key, endpoint)
        except NotUp as error:
            self.course.left_out[key] = str(error)
            if not (self.search.throughput or at.endpoints.keys() - self.search.gone.keys() - {key.service}):
                raise  # nothing was, or will be, measured
            self.course.leave(key, str(error))
            return
        seconds = time.monotonic() - began
        self.budget.took(seconds, again=again)
        self.course.took(key, data)
        self._report_if_killed(at, key)
        cells = self.search.expected_cells()
        pending = [MOST_TIMES - times(at.place.folder(one)) for one in self.course.spoiled_in(at.repeat)]
        ahead = (self.plan.repeats - at.repeat) * self.start_seconds
        self.progress.cell(
            key, data, cells, seconds=seconds, starts_ahead_seconds=ahead, pending=pending, again=again
        )
        self.course.report_others(key, data)
        watch = endpoint.watch
        said = [f"{key.path}: {line}" for line in (*gone(data.cell), *(watch.notes() if watch else ()))]
        for line in said + self.unanswered.lines(at.place, key, endpoint):
            self.progress.note(line)
        self.course.report_if_unanswered(key)

    def _report_if_killed(self, at: Bench, key: CellKey) -> None:
        """At its memory limit: then whatever else there is goes on."""
        if (confined := at.endpoints[key.service].confined) and (why := confined.killed()):
            self.course.leave(key, why)
