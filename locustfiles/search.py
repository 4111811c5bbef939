"""The highest load that meets an objective:

locust -f locustfiles/stream.py,locustfiles/search.py --headless -H http://127.0.0.1:8001 --slo "ttft:500"

Starts at -u users (open loop: at --rate requests a second), doubles until the objective is missed, halves
what lies between, measures the answer once more, prints it with its goodput, and stops by itself.

--slo            bounds on metrics of the scenario (in milliseconds, a stream's: ttft, e2e, itl, tpot...), and
                 the percentile of answers that is to keep them (95)
--level-seconds  how long a level is measured once it has settled; then for what began in it to be known,
                 so give it a sixth of the longest answer at least
--search-to      no level above so many users, or requests a second
--search-seconds at most so long altogether, as -t; two levels are the least

Exit codes: 0 found, 3 inconclusive (or, with --results, an invalid run, whatever it found), 4 not even the
lowest level meets, 130 interrupted.
"""

import itertools
import logging
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

import gevent
from locust import LoadTestShape, events

try:
    from loadgen.adapter.user import AskingUser
except ModuleNotFoundError:  # a checkout that is not installed: locust puts only this folder on the path
    sys.path.insert(1, str(Path(__file__).resolve().parent.parent))
    from loadgen.adapter.user import AskingUser
from loadgen.adapter.plumbing import LoadTest
from loadgen.adapter.preflight import refuse_forked
from loadgen.engine.bounds import number, show
from loadgen.engine.messages import PREFIX
from loadgen.shapes.coordinator import LevelCoordinator
from loadgen.shapes.measured import SETTLE_S
from loadgen.shapes.options import options_of
from loadgen.shapes.phases import AnswerReports
from loadgen.shapes.search import Search
from loadgen.shapes.searcher import STOPPED, Searcher
from loadgen.shapes.slo import Slo, example
from workloads.workload import Workload

log = logging.getLogger(__name__)


class HighestLoad(LoadTestShape):  # type: ignore[misc]  # locust is not typed for mypy
    """Follows a `Searcher`."""

    use_common_options = True
    levels: ClassVar[LevelCoordinator]
    load: ClassVar[LoadTest]
    phases: ClassVar[Iterator[int]] = itertools.count(1)
    searcher: Searcher | None = None
    said = ""

    def tick(self) -> tuple[int, float] | None:
        if self.searcher is None:
            try:
                self.searcher = self._searcher()
            except ValueError as error:  # only in the web UI: headless it was refused at the start
                log.error("%s", error)
                self.levels.end()
                return None
        load = self.searcher.tick()
        if load is None:
            self._finish(self.searcher)
            self.levels.end()
            return None
        return load

    def _searcher(self) -> Searcher:
        options = self.runner.environment.parsed_options
        return Searcher(
            levels=self.levels,
            slo=objective(options.slo, self.load.workload),
            search=bracket(options),
            level_s=options.level_seconds,
            limit_s=limit_s(options),
            phases=self.phases,
        )

    def asked(self) -> dict[str, Any]:
        """An open loop's rate is no option of the shape."""
        options = self.runner.environment.parsed_options
        return {
            "slo": str(objective(options.slo, self.load.workload)),
            **({} if self.levels.open_loop else {"search_from": bracket(options).first}),
            "search_to": options.search_to,
            "level_seconds": options.level_seconds,
            "search_seconds": limit_s(options),
        }

    def observed(self, msg: Any, **_: Any) -> None:
        """What a process that asks says of a phase."""
        if self.searcher is not None:
            self.searcher.observed.take(msg.node_id, msg.data)

    def stopped(self, **_: Any) -> None:
        """The load ends. If the search did not end it, it is without an answer."""
        if self.searcher is not None and not self.searcher.over:
            self.searcher.stopped = STOPPED
            self._finish(self.searcher)
        self.searcher = None

    def _finish(self, searcher: Searcher) -> None:
        run, environment = self.load.run, self.runner.environment
        self.said = f"\n{searcher.table}\n\n{searcher.sentence}\n"
        if run is not None and run.cell is not None:
            searcher.write(run.cell.folder)
        if not environment.parsed_options.headless:
            show(self.said)
        elif run is not None:
            run.answer = searcher.exit_code  # of the web UI's many searches, none decides

    def report(self, **_: Any) -> None:
        if self.said and self.runner.environment.parsed_options.headless:
            show(self.said)


def objective(text: str, workload: Workload) -> Slo:
    """Raises ValueError, in one line."""
    if not text:
        raise ValueError(f'which objective? Give its bounds: --slo "{example(workload)}"')
    try:
        return Slo.parse(text, workload)
    except ValueError as error:
        raise ValueError(f"--slo {error}") from None


def bracket(options: Any) -> Search:
    """Where the search begins, and where it ends at the latest. Raises ValueError, in one line."""
    open_loop = options.arrival != "closed"
    name, first = ("--rate", options.rate) if open_loop else ("-u", options.num_users or 1)
    if options.search_to < first:
        raise ValueError(
            f"--search-to {options.search_to:g} is below where the search begins: {name} {first:g}"
        )
    return Search(first=first, most=options.search_to, whole=not open_loop)


def check_time(options: Any) -> None:
    """Raises ValueError, in one line, where there is no time for an answer: a level is measured twice before
    it is one."""
    level_s, given_s = options.level_seconds, limit_s(options)
    least_s = 2 * (SETTLE_S + level_s)
    if given_s < least_s:
        option = "--search-seconds" if given_s == options.search_seconds else "-t"
        raise ValueError(
            f"{option} {given_s:g}: a search takes {least_s:g} s at the least, two levels of --level-seconds "
            f"{level_s:g} after {SETTLE_S:g} in which each settles, and as much for every level more"
        )


def limit_s(options: Any) -> float:
    return float(min(options.search_seconds, options.run_time or options.search_seconds))


@events.init_command_line_parser.add_listener  # type: ignore[untyped-decorator]
@options_of(HighestLoad)
def add_arguments(parser: Any) -> None:
    parser.add_argument(
        "--slo",
        default="",
        help='Search: what is to be met, such as "ttft:500 percentile:95": bounds on metrics of the '
        "scenario, in their units, that so many of 100 answers keep (95 if not said); a failed request none",
    )
    parser.add_argument(
        "--level-seconds",
        type=number("--level-seconds", float, 1),
        default=10.0,
        help="Search: how long a level is measured once it has settled; longer where answers are too few",
    )
    parser.add_argument(
        "--search-to",
        type=number("--search-to", int, 1),
        default=1000,
        help="Search: no level above so many users (open loop: requests a second)",
    )
    parser.add_argument(
        "--search-seconds",
        type=number("--search-seconds", float, 1),
        default=300.0,
        help="Search: at most so long altogether; -u (open loop: --rate) is where it starts",
    )


@events.init.add_listener  # type: ignore[untyped-decorator]
def begin(environment: Any, **_: Any) -> None:
    shape, load = environment.shape_class, AskingUser.load
    if not isinstance(shape, HighestLoad) or load is None:
        return
    options, runner = environment.parsed_options, environment.runner
    if not load.is_worker and (options.headless or options.slo):
        try:
            objective(options.slo, load.workload)
            if options.headless:
                bracket(options)
                check_time(options)
        except ValueError as error:
            refuse_forked(options, str(error))
    HighestLoad.load = load
    HighestLoad.levels = LevelCoordinator(environment, load, asked=shape.asked, tells=False)
    reports = AnswerReports(runner, load, lambda: Slo.parse(options.slo, load.workload))
    shape.levels.on_phase = reports.begin
    load.watchers.append(reports.take)
    runner.register_message(f"{PREFIX}_answers", shape.observed)
    environment.events.test_stopping.add_listener(shape.stopped)
    environment.events.quit.add_listener(shape.report)
    gevent.spawn(reports.run)
