"""The searches of one load process: from its events to a `Searcher`, and from that to what it prints. No
locust."""

from __future__ import annotations

import itertools
import logging
from collections.abc import Callable
from typing import Any, Protocol

from loadgen.engine.messages import PREFIX
from loadgen.engine.terminal import refuse, show
from loadgen.shapes.control import LoadControl
from loadgen.shapes.coordinator import LevelCoordinator
from loadgen.shapes.phases import AnswerReports
from loadgen.shapes.search_options import SearchOptions
from loadgen.shapes.searcher import STOPPED, Searcher
from records.cells.request import RequestRecord

log = logging.getLogger(__name__)


class SearchedLoad(LoadControl, Protocol):
    """The load of one process, as far as a search has to do with it."""

    run: Any
    """The one that is under way, with its cell and its answer; None while there is none."""
    watchers: list[Callable[[RequestRecord], None]]

    @property
    def is_worker(self) -> bool: ...


class HighestLoadSearch:
    """What a shape follows: ``tick`` by ``tick``, a search after the other. Whoever makes it has its
    ``reports`` run beside."""

    def __init__(self, environment: Any, load: SearchedLoad) -> None:
        self._environment = environment
        self._load = load
        self._phases = itertools.count(1)
        self._searcher: Searcher | None = None
        self._said = ""
        self._refuse_mistakes()
        runner = environment.runner
        self.levels = LevelCoordinator(environment, load, asked=self.asked, tells=False)
        self.reports = reports = AnswerReports(runner, load, lambda: self._options.objective(load.workload))
        self.levels.on_phase = reports.begin
        load.watchers.append(reports.take)
        runner.register_message(f"{PREFIX}_answers", self._observed)
        environment.events.test_stopping.add_listener(self._stopped)
        environment.events.quit.add_listener(self._report)

    @property
    def _given(self) -> Any:
        """All options, as locust has them now: its web UI changes them."""
        return self._environment.parsed_options

    @property
    def _options(self) -> SearchOptions:
        return SearchOptions.of(self._given)

    def _refuse_mistakes(self) -> None:
        """Those that are known before anything starts; a worker has its master's options later."""
        given = self._given
        if self._load.is_worker or not (given.headless or given.slo):
            return
        try:
            options = self._options
            options.objective(self._load.workload)
            if given.headless:
                options.bracket(given)
                options.check_time(given.run_time)
        except ValueError as error:
            refuse(str(error))

    def tick(self) -> tuple[int, float] | None:
        if self._searcher is None:
            try:
                self._searcher = self._begun()
            except ValueError as error:  # only in the web UI: headless it was refused at the start
                log.error("%s", error)
                self.levels.end()
                return None
        load = self._searcher.tick()
        if load is None:
            self._finish(self._searcher)
            self.levels.end()
            return None
        return load

    def _begun(self) -> Searcher:
        options, given = self._options, self._given
        return Searcher(
            levels=self.levels,
            slo=options.objective(self._load.workload),
            search=options.bracket(given),
            level_s=options.level_seconds,
            limit_s=options.limit_s(given.run_time),
            phases=self._phases,
        )

    def asked(self) -> dict[str, Any]:
        """What is kept; an open loop's rate is no option of the shape."""
        options, given = self._options, self._given
        return {
            "slo": str(options.objective(self._load.workload)),
            **({} if self.levels.open_loop else {"search_from": options.bracket(given).first}),
            "search_to": options.search_to,
            "level_seconds": options.level_seconds,
            "search_seconds": options.limit_s(given.run_time),
        }

    def _observed(self, msg: Any, **_: Any) -> None:
        """What a process that asks says of a phase."""
        if self._searcher is not None:
            self._searcher.observed.take(msg.node_id, msg.data)

    def _stopped(self, **_: Any) -> None:
        """The load ends. If the search did not end it, it is without an answer."""
        if self._searcher is not None and not self._searcher.over:
            self._searcher.stopped = STOPPED
            self._finish(self._searcher)
        self._searcher = None

    def _finish(self, searcher: Searcher) -> None:
        run = self._load.run
        self._said = f"\n{searcher.table}\n\n{searcher.sentence}\n"
        if run is not None and run.cell is not None:
            searcher.write(run.cell.folder)
        if not self._given.headless:
            show(self._said)
        elif run is not None:
            run.answer = searcher.exit_code  # of the web UI's many searches, none decides

    def _report(self, **_: Any) -> None:
        if self._said and self._given.headless:
            show(self._said)
